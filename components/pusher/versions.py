"""The version folders of a push destination, as TF Serving sees them.

TF Serving serves the child folder whose name is the largest integer and looks at no other name,
so a name that starts with a dot hides a folder from it:
https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc
"""

import os
import re

import tensorflow as tf

from components.pusher.manifest import has_manifest, read_manifest
from schemas.bundle import SAVED_MODEL_FILE

INCOMING_PREFIX = ".incoming-"
WITHDRAWN_PREFIX = ".rolled-back-"
_KEPT_OF_EQUAL = 2
_INTEGER = re.compile(r"[0-9]+")


def is_remote(path: str) -> bool:
    """Whether `path` is on an object store, where renaming a folder is not atomic."""
    return "://" in path


def place(model_dir: str) -> str:
    """One name for a folder, however it was written."""
    return model_dir.rstrip("/") if is_remote(model_dir) else os.path.realpath(model_dir)


def version_dir(model_dir: str, version: int) -> str:
    """The folder of one version."""
    return os.path.join(model_dir, str(version))


def is_complete(folder: str) -> bool:
    """Whether the folder holds a SavedModel; its `saved_model.pb` is copied last."""
    return tf.io.gfile.exists(os.path.join(folder, SAVED_MODEL_FILE))


def list_versions(model_dir: str) -> list[int]:
    """The versions that serve from `model_dir`, oldest first; none where it does not exist."""
    versions = _with_prefix(model_dir, "")
    return [version for version in versions if is_complete(version_dir(model_dir, version))]


def list_withdrawn(model_dir: str) -> list[int]:
    """The versions that were rolled back, oldest first."""
    return _with_prefix(model_dir, WITHDRAWN_PREFIX)


def remove_leftovers(model_dir: str) -> None:
    """Removes what a killed push left behind: hidden copies, and our versions without a model."""
    for version in _with_prefix(model_dir, INCOMING_PREFIX):
        tf.io.gfile.rmtree(os.path.join(model_dir, f"{INCOMING_PREFIX}{version}"))
    for version in _with_prefix(model_dir, ""):
        folder = version_dir(model_dir, version)
        if has_manifest(folder) and not is_complete(folder):
            tf.io.gfile.rmtree(folder)


def remove_orphan_twins(serving_dir: str, exact_dir: str) -> None:
    """Removes twins published for `serving_dir` whose version is not there (a killed push).

    Twins of what serves from another folder stay.
    """
    for version in set(list_versions(exact_dir)) - set(list_versions(serving_dir)):
        folder = version_dir(exact_dir, version)
        if has_manifest(folder) and read_manifest(folder).serving_dir == place(serving_dir):
            tf.io.gfile.rmtree(folder)


def remove_old_versions(serving_dir: str, exact_dir: str, keep_versions: int) -> None:
    """Removes our versions with their twins, served or rolled back, older than those kept.

    The newest `keep_versions` are kept; those that differ in their lists of unavailable items alone
    count as one, of which two stay. Versions without a manifest were put there by others: they
    neither count nor go.
    """
    ours = [v for v in list_versions(serving_dir) if has_manifest(version_dir(serving_dir, v))]
    kept: dict[int, str] = {}
    for version in reversed(ours):
        content = content_of(version_dir(serving_dir, version))
        if len({*kept.values(), content}) > keep_versions:
            break
        if list(kept.values()).count(content) < _KEPT_OF_EQUAL:
            kept[version] = content
    old = [v for v in ours if v not in kept]
    withdrawn = [v for v in list_withdrawn(serving_dir) if v < min(kept)]
    for name in (*map(str, old), *(f"{WITHDRAWN_PREFIX}{v}" for v in withdrawn)):
        served = os.path.join(serving_dir, name)
        if has_manifest(served):
            _remove_with_twin(served, os.path.join(exact_dir, name))


def _remove_with_twin(served: str, twin: str) -> None:
    """Removes the served one first, as clients read it first; a twin of another bundle stays."""
    is_twin = has_manifest(twin) and content_of(twin) == content_of(served)
    tf.io.gfile.rmtree(served)
    if is_twin:
        tf.io.gfile.rmtree(twin)


def content_of(folder: str) -> str:
    """What tells one model from another: versions of one differ in what stands beside it."""
    return read_manifest(folder).content_hash


def _with_prefix(model_dir: str, prefix: str) -> list[int]:
    if not tf.io.gfile.isdir(model_dir):
        return []
    names = [name.rstrip("/") for name in tf.io.gfile.listdir(model_dir)]
    numbers = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return sorted(int(number) for number in numbers if _INTEGER.fullmatch(number))
