"""Publishes a bundle as a new version in two folders: servers see a complete version or none."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from components.pusher import versions as v
from components.pusher.clean_up import clean_up
from components.pusher.content_hash import content_hash
from components.pusher.full_disk import full_disk_is_input_error
from components.pusher.install_version import VersionSources
from components.pusher.labels import replaced_version, served_version, write_both
from components.pusher.lock import exclusive_lock
from components.pusher.manifest import Manifest, has_manifest, read_manifest
from components.pusher.models_config import read_labels
from components.pusher.new_version import install_labelled, next_version
from components.pusher.same_towers import check_same_towers
from components.pusher.unavailable_lists import read_list
from schemas.bundle import PORTABLE_FOLDER, SAVED_MODEL_FILE, SCANN_FOLDER
from schemas.errors import InputError
from schemas.version_labels import STABLE


@dataclass(frozen=True)
class PublishedVersion:
    """The version that a push published, or that already had the same content.

    Attributes:
      version: The integer version as a string, usually the Unix time of the push in seconds.
      first_version: The version as which the same towers were first pushed.
      serving_path: Folder of the ScaNN SavedModel.
      portable_path: Folder of its portable twin.
      content_hash: The hash of the bundle.
      already_serving: Whether the version already existed, so that nothing was copied.
    """

    version: str
    first_version: str
    serving_path: str
    portable_path: str
    content_hash: str
    already_serving: bool


def publish(
    bundle_dir: str,
    serving_dir: str,
    portable_dir: str,
    manifest: Manifest,
    *,
    towers: str,
    statistics_file: str,
    keep_versions: int,
    label: str = STABLE,
) -> PublishedVersion:
    """Publishes a bundle, the twin first, then removes versions beyond `keep_versions`.

    The label moves to the new version when it is complete. With another label than `stable`, the
    version that serves is labelled `stable` before, unless it is already; the first version of a
    destination gets both labels. A bundle that equals the version with the label, the served or the
    newest version is not copied again; the label then moves to that version. A lock prevents
    concurrent pushes to a local destination. Remote filesystems have no lock, so only one process
    may publish there at a time.

    Args:
      bundle_dir: Folder of the SavedModels `scann/` and `portable/`.
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      manifest: The manifest without the last four fields, which this function sets.
      towers: The towers that were evaluated, a SavedModel, which is copied into the twin's folder.
      statistics_file: TFDV statistics of the training events, which are copied to the version.
      keep_versions: Number of versions to keep, including the new one; at least 1.
      label: The label that moves to the version.

    Returns:
      The new version, or the one with the same content.

    Raises:
      InputError: A SavedModel is missing, the two folders are the same,
        `keep_versions` is less than 1, or a re-index would replace another model. No file has been
        changed.
    """
    _check(bundle_dir, towers, serving_dir, portable_dir, keep_versions)
    bundle_hash = content_hash(bundle_dir)
    with (
        exclusive_lock(serving_dir, portable_dir),
        full_disk_is_input_error(serving_dir, portable_dir),
    ):
        # Before the clean-up, which may remove a twin whose number servers have already seen.
        new_version = next_version(serving_dir, portable_dir)
        clean_up(serving_dir, portable_dir)
        if manifest.reindex_of:
            check_same_towers(serving_dir, manifest.reindex_of, label)
        served = served_version(serving_dir)
        stable = {} if served is None else {STABLE: served}
        replaced = replaced_version(serving_dir, label)
        existing = _with_content(bundle_hash, replaced, served, serving_dir, portable_dir)
        version = new_version if existing is None else existing
        if existing is None:
            manifest = _completed(manifest, version, bundle_hash, serving_dir, replaced)
            sources = VersionSources(
                scann=os.path.join(bundle_dir, SCANN_FOLDER),
                portable=os.path.join(bundle_dir, PORTABLE_FOLDER),
                statistics_file=statistics_file,
                unavailable=_current_unavailable(served, serving_dir),
                towers=towers,
            )
            if label != STABLE:
                _write_changed(serving_dir, portable_dir, stable)
            labels = {label} if stable else {label, STABLE}
            install_labelled(sources, serving_dir, portable_dir, manifest, labels, keep_versions)
        else:
            _write_changed(serving_dir, portable_dir, {**stable, label: existing})
    return published_version(
        version, serving_dir, portable_dir, bundle_hash, already_serving=existing is not None
    )


def _completed(
    manifest: Manifest, version: int, bundle_hash: str, serving_dir: str, replaced: int | None
) -> Manifest:
    """Returns the manifest of a new version."""
    return replace(
        manifest,
        version=str(version),
        content_hash=bundle_hash,
        pushed_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        serving_dir=v.canonical_path(serving_dir),
        provenance=_with_towers(manifest, replaced, serving_dir),
    )


def _write_changed(serving_dir: str, portable_dir: str, labels: Mapping[str, int]) -> None:
    """Sets labels in addition to those that there are, if that changes any."""
    before = read_labels(serving_dir)
    if before != {**before, **labels}:
        write_both(serving_dir, portable_dir, {**before, **labels})


def _with_towers(manifest: Manifest, replaced: int | None, serving_dir: str) -> dict[str, Any]:
    """Returns the provenance of a version, for a re-index with that of its towers.

    The replaced version has the same towers (`check_same_towers`).
    """
    if not manifest.reindex_of or replaced is None:
        return manifest.provenance
    before = read_manifest(v.version_dir(serving_dir, replaced)).provenance
    return {**manifest.provenance, "towers": before.get("towers", before)}


def _current_unavailable(served: int | None, serving_dir: str) -> list[str]:
    """Returns the unavailable items of the served version, which a new version takes over."""
    return [] if served is None else read_list(v.version_dir(serving_dir, served))


def _check(
    bundle_dir: str, towers: str, serving_dir: str, portable_dir: str, keep_versions: int
) -> None:
    if keep_versions < 1:
        raise InputError(f"push.keep_versions is {keep_versions}; it must be at least 1")
    if serving_dir.rstrip("/") == portable_dir.rstrip("/"):
        raise InputError(
            f"push.serving_dir and push.portable_dir are both {serving_dir}; "
            "set push.portable_dir to a separate folder"
        )
    for folder in (SCANN_FOLDER, PORTABLE_FOLDER):
        path = os.path.join(bundle_dir, folder)
        if not v.is_complete(path):
            raise InputError(f"{path} contains no {SAVED_MODEL_FILE}; run ScannIndexer again")
    if not v.is_complete(towers):
        raise InputError(f"{towers} contains no {SAVED_MODEL_FILE}; run TwoTowerTrainer again")


def _with_content(
    bundle_hash: str,
    replaced: int | None,
    served: int | None,
    serving_dir: str,
    portable_dir: str,
) -> int | None:
    """Returns the replaced, served or newest version that has this content hash in both folders."""
    if replaced is None or served is None:
        return None
    for version in (replaced, served, v.list_versions(serving_dir)[-1]):
        folders = (v.version_dir(serving_dir, version), v.version_dir(portable_dir, version))
        if all(
            v.is_complete(folder)
            and has_manifest(folder)
            and read_manifest(folder).content_hash == bundle_hash
            for folder in folders
        ):
            return version
    return None


def published_version(
    version: int, serving_dir: str, portable_dir: str, bundle_hash: str, *, already_serving: bool
) -> PublishedVersion:
    """Returns the description of a version in both folders."""
    serving_path = v.version_dir(serving_dir, version)
    return PublishedVersion(
        version=str(version),
        first_version=read_manifest(serving_path).reindex_of or str(version),
        serving_path=serving_path,
        portable_path=v.version_dir(portable_dir, version),
        content_hash=bundle_hash,
        already_serving=already_serving,
    )
