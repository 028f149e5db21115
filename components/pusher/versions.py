"""The version folders of a push destination.

TF Serving serves the child folder whose name is the largest integer and ignores all other names,
so it does not see folders whose names start with a dot:
https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc
"""

import os
import re

from components import files
from components.pusher.manifest import has_manifest, read_manifest
from schemas.bundle import SAVED_MODEL_FILE

INCOMING_PREFIX = ".incoming-"
WITHDRAWN_PREFIX = ".rolled-back-"
_KEPT_PER_MODEL = 2
_INTEGER = re.compile(r"[0-9]+")


def canonical_path(model_dir: str) -> str:
    """Returns the same path for all spellings of a folder."""
    return model_dir.rstrip("/") if files.is_remote(model_dir) else os.path.realpath(model_dir)


def version_dir(model_dir: str, version: int) -> str:
    """Returns the folder of a version."""
    return os.path.join(model_dir, str(version))


def is_complete(folder: str) -> bool:
    """Returns whether the folder contains a SavedModel, whose `saved_model.pb` is copied last."""
    return files.exists(os.path.join(folder, SAVED_MODEL_FILE))


def list_versions(model_dir: str) -> list[int]:
    """Returns the complete versions in `model_dir`, oldest first; [] if it does not exist."""
    versions = _numbers_with_prefix(model_dir, "")
    return [version for version in versions if is_complete(version_dir(model_dir, version))]


def list_withdrawn(model_dir: str) -> list[int]:
    """Returns the withdrawn versions in `model_dir`, oldest first."""
    return _numbers_with_prefix(model_dir, WITHDRAWN_PREFIX)


def remove_leftovers(model_dir: str) -> None:
    """Removes the files of an interrupted push: hidden copies and incomplete versions."""
    for version in _numbers_with_prefix(model_dir, INCOMING_PREFIX):
        files.remove_folder(os.path.join(model_dir, f"{INCOMING_PREFIX}{version}"))
    for version in _numbers_with_prefix(model_dir, ""):
        folder = version_dir(model_dir, version)
        if has_manifest(folder) and not is_complete(folder):
            files.remove_folder(folder)


def remove_orphan_twins(serving_dir: str, exact_dir: str) -> None:
    """Removes twins whose version is missing in `serving_dir` after an interrupted push.

    Twins of versions in other serving folders are kept.
    """
    for version in set(list_versions(exact_dir)) - set(list_versions(serving_dir)):
        folder = version_dir(exact_dir, version)
        if has_manifest(folder) and read_manifest(folder).serving_dir == canonical_path(
            serving_dir
        ):
            files.remove_folder(folder)


def remove_old_versions(serving_dir: str, exact_dir: str, keep_versions: int) -> None:
    """Removes old versions with their twins, including withdrawn ones.

    The newest `keep_versions` versions are kept. Versions that differ only in their list of
    unavailable items count as one version, of which the newest two are kept. Versions without a
    manifest were not published by this pipeline; they are not counted and not removed.
    """
    ours = [v for v in list_versions(serving_dir) if has_manifest(version_dir(serving_dir, v))]
    kept: dict[int, str] = {}
    for version in reversed(ours):
        content = version_content_hash(version_dir(serving_dir, version))
        if len({*kept.values(), content}) > keep_versions:
            break
        if list(kept.values()).count(content) < _KEPT_PER_MODEL:
            kept[version] = content
    old = [v for v in ours if v not in kept]
    withdrawn = [v for v in list_withdrawn(serving_dir) if v < min(kept)]
    for name in (*map(str, old), *(f"{WITHDRAWN_PREFIX}{v}" for v in withdrawn)):
        served = os.path.join(serving_dir, name)
        if has_manifest(served):
            _remove_with_twin(served, os.path.join(exact_dir, name))


def _remove_with_twin(served: str, twin: str) -> None:
    """Removes a version, then its twin; a twin with a different content hash is kept."""
    is_twin = has_manifest(twin) and version_content_hash(twin) == version_content_hash(served)
    files.remove_folder(served)
    if is_twin:
        files.remove_folder(twin)


def version_content_hash(folder: str) -> str:
    """Returns the content hash of a version; it is equal for versions of the same model."""
    return read_manifest(folder).content_hash


def _numbers_with_prefix(model_dir: str, prefix: str) -> list[int]:
    names = files.names_in(model_dir)
    numbers = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return sorted(int(number) for number in numbers if _INTEGER.fullmatch(number))
