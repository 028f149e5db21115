"""Sets and removes labels of versions."""

import re
from collections.abc import Collection, Mapping

from components.pusher import versions as v
from components.pusher.clean_up import clean_up
from components.pusher.full_disk import full_disk_is_input_error
from components.pusher.labels import describe, served_version, write_both
from components.pusher.lock import exclusive_lock
from components.pusher.models_config import num_loaded, read_labels
from schemas.errors import InputError
from schemas.version_labels import LABEL_PATTERN, STABLE

_LABEL = re.compile(LABEL_PATTERN)


def label_versions(
    serving_dir: str, portable_dir: str, labels: Mapping[str, int], removed: Collection[str]
) -> dict[str, int]:
    """Sets and removes labels; a first label also labels the served version as `stable`.

    Without labels to set or to remove, nothing changes.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      labels: The versions of the labels to set.
      removed: Labels to remove.

    Returns:
      All labels after the change.

    Raises:
      InputError: A label is invalid, its version is not in both folders, a label to remove does not
        exist, or servers have not loaded the version to which a label moves.
    """
    _served(serving_dir)  # Checked before locking, because the lock creates missing folders.
    with (
        exclusive_lock(serving_dir, portable_dir),
        full_disk_is_input_error(serving_dir, portable_dir),
    ):
        clean_up(serving_dir, portable_dir)
        before = read_labels(serving_dir)
        after = _changed(serving_dir, portable_dir, before, labels, removed)
        if after != before:
            write_both(serving_dir, portable_dir, after)
    return after


def _served(serving_dir: str) -> int:
    served = served_version(serving_dir)
    if served is None:
        raise InputError(f"{serving_dir} contains no version to label; run the pipeline first")
    return served


def _changed(
    serving_dir: str,
    portable_dir: str,
    before: Mapping[str, int],
    labels: Mapping[str, int],
    removed: Collection[str],
) -> dict[str, int]:
    for name, version in labels.items():
        _check_label(serving_dir, portable_dir, name, version, before)
    if not labels and not removed:
        return dict(before)
    after = {STABLE: _served(serving_dir), **before, **labels}
    for name in removed:
        if name == STABLE or name not in before:
            raise InputError(
                f"the label {name!r} cannot be removed: "
                + ("the next push or rollback moves it" if name == STABLE else "there is none")
                + f"; labels: {describe(before)}"
            )
        after.pop(name, None)
    return after


def _check_label(
    serving_dir: str, portable_dir: str, name: str, version: int, before: Mapping[str, int]
) -> None:
    if not _LABEL.fullmatch(name):
        raise InputError(
            f"{name!r} is not a label: TensorFlow Serving accepts letters, digits and underscores"
        )
    served, twins = v.list_versions(serving_dir), v.list_versions(portable_dir)
    both = [number for number in served if number in twins]
    if version not in both:
        raise InputError(
            f"{name}={version}: there is no such version in both {serving_dir} and {portable_dir}; "
            f"available versions: {', '.join(map(str, both)) or 'none'}"
        )
    loaded = num_loaded(serving_dir)
    if before.get(name, version) != version and loaded and version not in served[-loaded:]:
        remedy = (
            f"`twotower rollback RUN --to {version}` moves it"
            if name == STABLE
            else f"`twotower label RUN --remove {name}`, and set it again when the servers have "
            "read the file"
        )
        raise InputError(
            f"{name}={version}: servers have loaded the newest {loaded} versions, and move a label "
            f"({name}={before[name]}) only to one of these: "
            f"{', '.join(map(str, served[-loaded:]))}; {remedy}"
        )
