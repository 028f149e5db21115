"""A new version: its number, its installation with labels, and the removal of older ones."""

import time
from collections.abc import Collection

from components.pusher import versions as v
from components.pusher.install_version import VersionSources, install_version
from components.pusher.labels import (
    announce,
    labelled_versions,
    withdraw_announcements,
    write_both,
)
from components.pusher.manifest import Manifest
from components.pusher.models_config import read_labels
from components.pusher.retention import remove_old_versions


def next_version(serving_dir: str, portable_dir: str) -> int:
    """Returns the Unix time in seconds, or a larger number if a version is not older than that."""
    taken = v.taken_numbers(serving_dir) | v.taken_numbers(portable_dir)
    return max(int(time.time()), max(taken, default=0) + 1)


def install_labelled(
    sources: VersionSources,
    serving_dir: str,
    portable_dir: str,
    manifest: Manifest,
    labels: Collection[str],
    keep_versions: int,
) -> None:
    """Installs a version, moves labels to it, then removes versions beyond `keep_versions`.

    `models.config` counts the versions that servers load. It is written again after the removal,
    because a count that is too small while the old versions are there would leave out a version
    with a label.

    Args:
      sources: The files of the version.
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      manifest: The manifest, which contains the version.
      labels: The labels to move.
      keep_versions: Number of versions to keep, including the new one.
    """
    version = int(manifest.version)
    announce(serving_dir, labels, version)
    try:
        install_version(sources, serving_dir, portable_dir, manifest)
    except BaseException:
        withdraw_announcements(serving_dir, labels, version)
        raise
    moved = {**read_labels(serving_dir), **dict.fromkeys(labels, version)}
    write_both(serving_dir, portable_dir, moved)
    withdraw_announcements(serving_dir, labels, version)
    remove_old_versions(serving_dir, portable_dir, keep_versions, labelled_versions(serving_dir))
    write_both(serving_dir, portable_dir, read_labels(serving_dir))
