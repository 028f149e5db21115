"""The version folders of a push destination: their names, and which versions there are.

TF Serving serves the child folder whose name is the largest integer and ignores all other names,
so it does not see folders whose names start with a dot:
https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc
"""

import os
import re

from components import files
from components.pusher.manifest import read_manifest
from schemas.bundle import SAVED_MODEL_FILE

INCOMING_PREFIX = ".incoming-"
REMOVED_PREFIX = ".removed-"
WITHDRAWN_PREFIX = ".rolled-back-"
_INTEGER = re.compile(r"[0-9]+")
_PREFIXES = (INCOMING_PREFIX, REMOVED_PREFIX, WITHDRAWN_PREFIX)
_NUMBERED = re.compile(f"(?:{'|'.join(map(re.escape, _PREFIXES))})?([0-9]+)")


def canonical_path(model_dir: str) -> str:
    """Returns the same path for all spellings of a folder."""
    return model_dir.rstrip("/") if files.is_remote(model_dir) else os.path.realpath(model_dir)


def version_dir(model_dir: str, version: int) -> str:
    """Returns the folder of a version."""
    return os.path.join(model_dir, str(version))


def withdrawn_dir(model_dir: str, version: int) -> str:
    """Returns the folder of a version that a rollback has hidden."""
    return os.path.join(model_dir, f"{WITHDRAWN_PREFIX}{version}")


def is_complete(folder: str) -> bool:
    """Returns whether the folder contains a SavedModel, whose `saved_model.pb` is copied last."""
    return files.exists(os.path.join(folder, SAVED_MODEL_FILE))


def list_versions(model_dir: str) -> list[int]:
    """Returns the complete versions in `model_dir`, oldest first; [] if it does not exist."""
    versions = numbers_with_prefix(model_dir, "")
    return [version for version in versions if is_complete(version_dir(model_dir, version))]


def list_withdrawn(model_dir: str) -> list[int]:
    """Returns the complete withdrawn versions in `model_dir`, oldest first."""
    versions = numbers_with_prefix(model_dir, WITHDRAWN_PREFIX)
    return [version for version in versions if is_complete(withdrawn_dir(model_dir, version))]


def taken_numbers(model_dir: str) -> set[int]:
    """Returns the numbers of all versions, including hidden, incomplete and foreign ones."""
    names = files.names_in(model_dir)
    return {int(match[1]) for name in names if (match := _NUMBERED.fullmatch(name))}


def numbers_with_prefix(model_dir: str, prefix: str) -> list[int]:
    """Returns the numbers in the names that consist of `prefix` and a number, in order."""
    names = files.names_in(model_dir)
    numbers = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return sorted(int(number) for number in numbers if _INTEGER.fullmatch(number))


def version_content_hash(folder: str) -> str:
    """Returns the content hash of a version; it is equal for versions of the same model."""
    return read_manifest(folder).content_hash
