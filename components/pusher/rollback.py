"""Rolls back to an older version by hiding the newer ones from TF Serving.

Withdrawn versions are kept under hidden names and can be restored. `publish` never reuses their
numbers, and removes them when they are older than all versions that it keeps. The label `stable`
moves to the version that is served. A version with another label is not hidden: a rollback that
would have to is an error.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from components import files
from components.pusher import versions as v
from components.pusher.clean_up import clean_up
from components.pusher.full_disk import full_disk_is_input_error
from components.pusher.labels import served_version, write_both
from components.pusher.lock import exclusive_lock
from components.pusher.manifest import has_manifest, read_manifest
from components.pusher.models_config import read_labels
from components.pusher.move_version import move_version, remove_versions
from components.pusher.unavailable_lists import has_list, read_list, write_lists
from schemas.errors import InputError
from schemas.version_labels import STABLE


@dataclass(frozen=True)
class RollbackResult:
    """The result of a rollback.

    Attributes:
      version: The version that is now served.
      withdrawn: The withdrawn versions, oldest first.
      num_unavailable: Number of items in the list of unavailable items, which was copied to the
        version; None if the version was exported without such a list.
    """

    version: str
    withdrawn: tuple[str, ...]
    num_unavailable: int | None


def rollback(serving_dir: str, portable_dir: str, to: int | None = None) -> RollbackResult:
    """Withdraws every version newer than `to` from both folders, or from neither.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      to: The version to roll back to, or a withdrawn version to restore; by default the newest
        version before the served one whose model differs.

    Returns:
      The version that is now served, and the withdrawn versions.

    Raises:
      InputError: One of the folders does not contain the version, or a newer version has a label
        other than `stable`. No version has been changed.
    """
    _target(serving_dir, to)  # Checked before locking, because the lock creates missing folders.
    with (
        exclusive_lock(serving_dir, portable_dir),
        full_disk_is_input_error(serving_dir, portable_dir),
    ):
        clean_up(serving_dir, portable_dir)
        return _rollback(serving_dir, portable_dir, to)


def _rollback(serving_dir: str, portable_dir: str, to: int | None) -> RollbackResult:
    serving, portable = v.list_versions(serving_dir), v.list_versions(portable_dir)
    target = _target(serving_dir, to)
    is_withdrawn = target not in serving
    folder_of = v.withdrawn_dir if is_withdrawn else v.version_dir
    twin, served = folder_of(portable_dir, target), folder_of(serving_dir, target)
    if not v.is_complete(twin):
        raise InputError(
            f"version {target} has no twin at {twin}; use --to with a version that is in both "
            "folders"
        )
    labels = read_labels(serving_dir)
    _check_labels(labels, target)
    # A version is restored before the newer versions are hidden, so that one is always served. The
    # twin comes first, because servers look for the served model.
    restored = [
        (twin, v.version_dir(portable_dir, target)),
        (served, v.version_dir(serving_dir, target)),
    ]
    hidden = [
        (v.version_dir(model_dir, version), v.withdrawn_dir(model_dir, version))
        for model_dir, versions in ((serving_dir, serving), (portable_dir, portable))
        for version in versions
        if version > target
    ]
    restored = restored if is_withdrawn else []
    _check_free(restored + hidden)
    num_unavailable = _copy_unavailable(serving_dir, [served, twin])
    with ExitStack() as reverts:
        _move_all(restored, reverts)
        if labels:
            reverts.callback(write_both, serving_dir, portable_dir, labels)
            write_both(serving_dir, portable_dir, {**labels, STABLE: target}, newest=target)
        _move_all(hidden, reverts)
        reverts.pop_all()
    withdrawn = tuple(str(version) for version in serving if version > target)
    return RollbackResult(str(target), withdrawn, num_unavailable)


def _check_labels(labels: Mapping[str, int], target: int) -> None:
    """Checks that no version with another label than `stable` would be hidden."""
    newer = {n: version for n, version in labels.items() if n != STABLE and version > target}
    for name, version in sorted(newer.items()):
        raise InputError(
            f"version {version} has the label {name} and is newer than {target}: hidden, it would "
            f"be missing where {name} is requested; visible, it would be served in place of "
            f"{target} where no label is requested. Remove the label first (`twotower label RUN "
            f"--remove {name}`); or, if all requests name a label, move only `{STABLE}` "
            f"(`twotower label RUN {STABLE}={target}`)"
        )


def _copy_unavailable(serving_dir: str, targets: list[str]) -> int | None:
    """Copies the list of unavailable items from the served version.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      targets: Folders of the version to roll back to, and of its twin.

    Returns:
      The number of items in the list; None if one of the versions has no list.
    """
    version = served_version(serving_dir)
    if version is None:
        return None
    current = v.version_dir(serving_dir, version)
    if not all(map(has_list, (current, *targets))):
        return None
    listed = read_list(current)
    for folder in targets if current not in targets else ():
        write_lists(folder, listed)
    return len(listed)


def _target(serving_dir: str, to: int | None) -> int:
    serving = v.list_versions(serving_dir)
    if to is None:
        return _other_model(serving_dir, serving)
    withdrawn = v.list_withdrawn(serving_dir)
    if not serving or to not in (*serving, *withdrawn):
        raise InputError(
            f"{serving_dir} has no version {to}; available versions: {_listed(serving)}"
            + (f"; withdrawn: {_listed(withdrawn)}" if withdrawn else "")
        )
    return to


def _other_model(serving_dir: str, serving: list[int]) -> int:
    """Returns the newest version before the served one, whose model differs and is not newer.

    A canary may be older than a new list of unavailable items for the model that serves. Its model
    is newer, and has not served yet.
    """
    served = served_version(serving_dir)
    if served is not None:
        content, towers = _content(serving_dir, served), _towers(serving_dir, served)
        for version in reversed(serving):
            is_older = version < served and _towers(serving_dir, version) <= towers
            if is_older and _content(serving_dir, version) != content:
                return version
    raise InputError(
        f"{serving_dir} has no other model to roll back to (available versions: "
        f"{_listed(serving)}); raise push.keep_versions to keep more versions, or select a version "
        "with --to"
    )


def _content(serving_dir: str, version: int) -> str:
    folder = v.version_dir(serving_dir, version)
    return v.version_content_hash(folder) if has_manifest(folder) else folder


def _towers(serving_dir: str, version: int) -> int:
    """Returns the version as which the towers of a version were first pushed."""
    folder = v.version_dir(serving_dir, version)
    return int(read_manifest(folder).reindex_of or version) if has_manifest(folder) else version


def _listed(versions: list[int]) -> str:
    return ", ".join(map(str, versions)) or "none"


def _check_free(moves: list[tuple[str, str]]) -> None:
    for source, target in moves:
        if files.exists(target):
            raise InputError(
                f"cannot move {source} to {target}, which already exists; move it elsewhere"
            )


def _move_all(moves: list[tuple[str, str]], reverts: ExitStack) -> None:
    """Makes all moves, and adds for each one, before it begins, how it is reverted."""
    for source, target in moves:
        reverts.callback(_revert, source, target)
        move_version(source, target)


def _revert(source: str, target: str) -> None:
    """Reverts a move, which on an object store may have ended between any two files."""
    if not v.is_complete(source):
        remove_versions([source])
        move_version(target, source)
    elif files.is_remote(target):
        remove_versions([target])
