"""Publishes the served version again with a new list of unavailable items."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone

from components.pusher import versions as v
from components.pusher.clean_up import clean_up
from components.pusher.full_disk import full_disk_is_input_error
from components.pusher.install_version import VersionSources
from components.pusher.labels import labels_of, served_version
from components.pusher.lock import exclusive_lock
from components.pusher.manifest import read_manifest, statistics_path
from components.pusher.new_version import install_labelled, next_version
from components.pusher.publish import PublishedVersion, published_version
from components.pusher.unavailable_lists import has_list
from schemas.errors import InputError
from schemas.version_labels import STABLE


def mark_unavailable(
    serving_dir: str, portable_dir: str, item_ids: Iterable[str], keep_versions: int
) -> PublishedVersion:
    """Replaces the list of items that must not be recommended.

    A model reads its list when it is loaded, and a server loads each version once. Therefore the
    files of the served version are copied to a new version, which servers load automatically.
    Towers and index do not change, and all labels of the version move to the new one.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      item_ids: The complete new list, as it was written; an empty list makes all items available.
      keep_versions: Number of versions to keep, including the new one.

    Returns:
      The new version.

    Raises:
      InputError: There is no version, the served version has no twin, or it was exported without
        a list of unavailable items.
    """
    # Checked before locking, because the lock creates missing folders.
    served_version_dirs(serving_dir, portable_dir)
    with (
        exclusive_lock(serving_dir, portable_dir),
        full_disk_is_input_error(serving_dir, portable_dir),
    ):
        # Before the clean-up, which may remove a twin whose number servers have already seen.
        version = next_version(serving_dir, portable_dir)
        clean_up(serving_dir, portable_dir)
        scann, portable = served_version_dirs(serving_dir, portable_dir)
        before = read_manifest(scann)
        manifest = replace(
            before,
            version=str(version),
            reindex_of=before.reindex_of or before.version,
            pushed_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )
        sources = VersionSources(scann, portable, statistics_path(scann), sorted(set(item_ids)))
        # The model is the same, so that all its labels move.
        labels = {STABLE, *labels_of(serving_dir, int(before.version))}
        install_labelled(sources, serving_dir, portable_dir, manifest, labels, keep_versions)
    return published_version(
        version, serving_dir, portable_dir, manifest.content_hash, already_serving=False
    )


def served_version_dirs(serving_dir: str, portable_dir: str) -> tuple[str, str]:
    """Returns the folders of the served version and of its twin.

    Raises:
      InputError: There is no version, the served version has no twin, or it was exported without
        a list of unavailable items.
    """
    served = served_version(serving_dir)
    if served is None:
        raise InputError(f"{serving_dir} contains no version; run the pipeline first")
    folders = tuple(v.version_dir(folder, served) for folder in (serving_dir, portable_dir))
    scann, portable = folders
    if not v.is_complete(portable):
        raise InputError(
            f"{scann} is served, but its twin {portable} is missing; restore the twin, or move "
            f"version {served} out of {serving_dir}, so that the previous version is served"
        )
    for folder in folders:
        if not has_list(folder):
            raise InputError(
                f"{folder} was exported without a list of unavailable items and cannot read one; "
                "publish a new version with `twotower run` or `twotower reindex`"
            )
    return scann, portable
