"""Installs both SavedModels of a version atomically: servers see a complete version or none.

Both SavedModels are copied before one of them becomes visible: on a local file system to hidden
folders next to the versions, which are then renamed. Object stores cannot rename a folder
atomically; there `saved_model.pb`, which servers look for, is copied last, as in TFX's Pusher.
"""

import os
from dataclasses import dataclass

from components import files
from components.pusher import versions as v
from components.pusher.manifest import (
    Manifest,
    proven_towers_path,
    statistics_path,
    write_manifest,
)
from components.pusher.move_version import copy_files, delete_folder, remove_versions
from components.pusher.unavailable_lists import PARTIAL_SUFFIX, write_lists
from schemas.bundle import (
    EXTRA_FOLDER,
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
      portable: Folder of its portable twin.
      statistics_file: TFDV statistics of the events that the model was trained on.
      unavailable: Ids of the items that must not be recommended, as they were written.
      towers: Folder of the proven towers, which are copied into the folder of the twin; None if
        `portable` contains them.
    """

    scann: str
    portable: str
    statistics_file: str
    unavailable: list[str]
    towers: str | None = None


def install_version(
    sources: VersionSources, serving_dir: str, portable_dir: str, manifest: Manifest
) -> None:
    """Installs a version: the twin appears first, the served model last.

    After an error, all that was copied is removed.

    Args:
      sources: The files of the version.
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      manifest: The manifest, which contains the version.
    """
    copies = ((sources.portable, portable_dir), (sources.scann, serving_dir))
    try:
        for source, model_dir in copies:
            _copy(source, model_dir, manifest, sources)
        if sources.towers is not None:
            _copy_towers(sources.towers, _invisible(portable_dir, manifest.version))
        for source, model_dir in copies:
            _show(source, model_dir, manifest.version)
    except BaseException:
        _remove_failed(manifest.version, serving_dir, portable_dir)
        raise


def _copy(source: str, model_dir: str, manifest: Manifest, sources: VersionSources) -> None:
    """Copies one SavedModel with its manifest, invisible for servers."""
    target = _invisible(model_dir, manifest.version)
    write_manifest(target, manifest)
    statistics = statistics_path(target)
    files.make_folder(os.path.dirname(statistics))
    files.copy_file(sources.statistics_file, statistics)
    write_lists(target, sources.unavailable)
    skipped = _REPLACED_FILES | ({SAVED_MODEL_FILE} if files.is_remote(model_dir) else set())
    paths = [
        path
        for path in files.files_below(source)
        if path not in skipped and path.removesuffix(PARTIAL_SUFFIX) not in _REPLACED_FILES
    ]
    copy_files(source, target, paths)


def _copy_towers(source: str, twin: str) -> None:
    """Copies the proven towers into a twin, without the extra files of their training."""
    extra = f"{EXTRA_FOLDER}/"
    paths = [path for path in files.files_below(source) if not path.startswith(extra)]
    copy_files(source, proven_towers_path(twin), paths)


def _show(source: str, model_dir: str, version: str) -> None:
    """Makes one SavedModel visible for servers."""
    target = os.path.join(model_dir, version)
    if files.is_remote(model_dir):
        copy_files(source, target, [SAVED_MODEL_FILE])
    else:
        files.rename(_invisible(model_dir, version), target)


def _invisible(model_dir: str, version: str) -> str:
    prefix = "" if files.is_remote(model_dir) else v.INCOMING_PREFIX
    return os.path.join(model_dir, f"{prefix}{version}")


def _remove_failed(version: str, serving_dir: str, portable_dir: str) -> None:
    """Removes all files of a failed push, from the served folder first."""
    folders = (serving_dir, portable_dir)
    remove_versions([os.path.join(folder, version) for folder in folders])
    for model_dir in folders:
        incoming = os.path.join(model_dir, f"{v.INCOMING_PREFIX}{version}")
        if files.exists(incoming):
            delete_folder(incoming)
