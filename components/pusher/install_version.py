"""Installs both SavedModels of a version atomically: servers see a complete version or none.

Each SavedModel is copied to a hidden folder next to the versions and then renamed. Object stores
cannot rename a folder atomically; there `saved_model.pb`, which servers look for, is copied last,
as in TFX's Pusher.
"""

import os
from dataclasses import dataclass

from components import files
from components.pusher import versions as v
from components.pusher.manifest import Manifest, statistics_path, write_manifest
from components.pusher.unavailable_lists import write_lists
from schemas.bundle import (
    MANIFEST_FILE,
    SAVED_MODEL_FILE,
    UNAVAILABLE_FILE,
    UNAVAILABLE_WRITTEN_FILE,
)

_REPLACED_FILES = frozenset({MANIFEST_FILE, UNAVAILABLE_FILE, UNAVAILABLE_WRITTEN_FILE})


@dataclass(frozen=True)
class VersionSources:
    """The files from which a version is installed.

    Attributes:
      scann: Folder of the ScaNN SavedModel.
      exact: Folder of its exact twin.
      statistics_file: TFDV statistics of the events that the model was trained on.
      unavailable: Ids of the items that must not be recommended, as they were written.
    """

    scann: str
    exact: str
    statistics_file: str
    unavailable: list[str]


def install_version(
    sources: VersionSources, serving_dir: str, exact_dir: str, manifest: Manifest
) -> None:
    """Installs the twin, then the served model; on an error it removes both.

    Args:
      sources: The files of the version.
      serving_dir: Folder of the versions of the ScaNN model.
      exact_dir: Folder of the versions of its twin.
      manifest: The manifest, which contains the version.
    """
    try:
        _install(sources.exact, exact_dir, manifest, sources)
        _install(sources.scann, serving_dir, manifest, sources)
    except BaseException:
        _remove_failed(manifest.version, serving_dir, exact_dir)
        raise


def _install(source: str, model_dir: str, manifest: Manifest, sources: VersionSources) -> None:
    """Copies one SavedModel with its manifest to `model_dir/version`."""
    final = os.path.join(model_dir, manifest.version)
    if files.is_remote(model_dir):
        _copy(source, final, manifest, sources)
        return
    incoming = os.path.join(model_dir, f"{v.INCOMING_PREFIX}{manifest.version}")
    _copy(source, incoming, manifest, sources)
    files.rename(incoming, final)


def _copy(source: str, target: str, manifest: Manifest, sources: VersionSources) -> None:
    write_manifest(target, manifest)
    _copy_file(sources.statistics_file, statistics_path(target))
    write_lists(target, sources.unavailable)
    copied = [path for path in files.files_below(source) if path not in _REPLACED_FILES]
    # False sorts before True, so saved_model.pb, which makes the version visible, comes last.
    for path in sorted(copied, key=lambda path: path == SAVED_MODEL_FILE):
        _copy_file(os.path.join(source, path), os.path.join(target, path))


def _copy_file(source: str, target: str) -> None:
    files.make_folder(os.path.dirname(target))
    files.copy_file(source, target)


def _remove_failed(version: str, serving_dir: str, exact_dir: str) -> None:
    """Removes all files of a failed push, from the served folder first."""
    for model_dir in (serving_dir, exact_dir):
        for name in (version, f"{v.INCOMING_PREFIX}{version}"):
            folder = os.path.join(model_dir, name)
            if files.exists(folder):
                files.remove_folder(folder)
