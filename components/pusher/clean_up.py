"""Removes what an interrupted command left in a push destination.

Every command that changes a destination does this first, under the lock. A push may end at any
instant: a copy then remains under a hidden name, or a twin without its version. On an object store
a version may be left without `saved_model.pb`. A removal may end before all files are deleted, and
a push before the new version has its label.
"""

import os

from components import files
from components.progress import progress
from components.pusher import versions as v
from components.pusher.labels import complete_labels
from components.pusher.manifest import has_manifest, read_manifest
from components.pusher.models_config import partial_config_path
from components.pusher.move_version import delete_folder, move_version, remove_versions
from components.pusher.unavailable_lists import PARTIAL_SUFFIX
from schemas.bundle import STATISTICS_FILE, UNAVAILABLE_FILE, UNAVAILABLE_WRITTEN_FILE

_HIDDEN_PREFIXES = (v.INCOMING_PREFIX, v.REMOVED_PREFIX)
_LISTS = (UNAVAILABLE_FILE, UNAVAILABLE_WRITTEN_FILE)
# Files that no other program writes into a SavedModel.
_OWN_FILES = (STATISTICS_FILE, UNAVAILABLE_WRITTEN_FILE)


def clean_up(serving_dir: str, portable_dir: str) -> None:
    """Completes or reverts what an interrupted command left in both folders.

    Afterwards, every version that this pipeline published is complete, and its twin has the same
    state: both are served, or both are withdrawn. Folders that this pipeline did not make remain;
    a numbered one without a model is reported as a warning.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
    """
    for model_dir in (serving_dir, portable_dir):
        _remove_hidden_copies(model_dir)
    # A twin may be the only proof of the origin of an incomplete version, so twins come later.
    for model_dir in (serving_dir, portable_dir):
        _remove_incomplete(model_dir, serving_dir, portable_dir)
    _settle_twins(serving_dir, portable_dir)
    complete_labels(serving_dir, portable_dir)
    for model_dir in (serving_dir, portable_dir):
        _remove_partial_files(model_dir)


def _remove_hidden_copies(model_dir: str) -> None:
    for prefix in _HIDDEN_PREFIXES:
        for number in v.numbers_with_prefix(model_dir, prefix):
            delete_folder(os.path.join(model_dir, f"{prefix}{number}"))
    if files.is_remote(model_dir):
        # A move on an object store ends with the removal of its source. If it was interrupted
        # before that, both copies are complete, and the one that is served remains.
        for number in set(v.list_versions(model_dir)) & set(v.list_withdrawn(model_dir)):
            remove_versions([v.withdrawn_dir(model_dir, number)])


def _remove_incomplete(model_dir: str, serving_dir: str, portable_dir: str) -> None:
    """Removes folders without a model, if this pipeline made them or if they contain no file."""
    for folder_of, prefix in ((v.version_dir, ""), (v.withdrawn_dir, v.WITHDRAWN_PREFIX)):
        for number in v.numbers_with_prefix(model_dir, prefix):
            folder = folder_of(model_dir, number)
            if v.is_complete(folder):
                continue
            if _is_own(folder) or _names(folder_of(portable_dir, number), serving_dir):
                remove_versions([folder])
            else:
                progress.warning(
                    "%s contains no SavedModel and was not made by this pipeline; move it "
                    "elsewhere, because a server may try to load it",
                    folder,
                )


def _is_own(folder: str) -> bool:
    return (
        has_manifest(folder)
        or any(files.exists(os.path.join(folder, path)) for path in _OWN_FILES)
        or not files.files_below(folder)
    )


def _names(twin: str, serving_dir: str) -> bool:
    """Returns whether the manifest of a twin names this folder of the ScaNN models."""
    return has_manifest(twin) and read_manifest(twin).serving_dir == v.canonical_path(serving_dir)


def _settle_twins(serving_dir: str, portable_dir: str) -> None:
    """Withdraws or removes twins whose version is withdrawn or missing in `serving_dir`.

    Twins of versions in other serving folders are kept.
    """
    served, withdrawn = set(v.list_versions(serving_dir)), set(v.list_withdrawn(serving_dir))
    for version in set(v.list_versions(portable_dir)) - served:
        twin, hidden = v.version_dir(portable_dir, version), v.withdrawn_dir(portable_dir, version)
        if not _names(twin, serving_dir):
            continue
        if version in withdrawn and not files.exists(hidden):
            move_version(twin, hidden)
        else:
            remove_versions([twin])
    for version in set(v.list_withdrawn(portable_dir)) - served - withdrawn:
        twin = v.withdrawn_dir(portable_dir, version)
        if _names(twin, serving_dir):
            remove_versions([twin])


def _remove_partial_files(model_dir: str) -> None:
    """Removes files that were not written to their end, so that they were not renamed."""
    if files.is_remote(model_dir):
        return  # There a file is written as a whole or not at all.
    folders = [
        *(v.version_dir(model_dir, version) for version in v.list_versions(model_dir)),
        *(v.withdrawn_dir(model_dir, version) for version in v.list_withdrawn(model_dir)),
    ]
    paths = [os.path.join(folder, name) for folder in folders for name in _LISTS]
    partial = [f"{path}{PARTIAL_SUFFIX}" for path in paths]
    for path in (*partial, partial_config_path(model_dir)):
        if files.exists(path):
            files.remove_file(path)
