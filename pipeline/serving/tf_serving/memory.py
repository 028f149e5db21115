"""How much memory a server of a model needs, and how much space its versions need."""

import math
import os

from components import files
from components.pusher import versions as v
from components.pusher.models_config import num_loaded
from schemas.bundle import PROVEN_TOWERS_FOLDER

_MIB = 2**20
_GIB = 2**30
# The server itself and the requests in flight.
SERVER_MIB = 512
_STEP_MIB = 64


def largest_version_bytes(model_dir: str) -> int:
    """Returns the size on disk of the largest version in a folder, in bytes; 0 without any."""
    return max((sum(_file_bytes(f).values()) for f in _version_folders(model_dir)), default=0)


def largest_loaded_bytes(model_dir: str) -> int:
    """Returns the same without the proven towers of the versions, which servers do not load."""
    prefix = f"{PROVEN_TOWERS_FOLDER}/"
    return max(
        (
            sum(size for path, size in _file_bytes(f).items() if not path.startswith(prefix))
            for f in _version_folders(model_dir)
        ),
        default=0,
    )


def versions_at_switch(model_dir: str) -> int:
    """Returns how many versions a server holds while it loads another one.

    TF Serving loads the new version before it unloads an old one. It holds all versions of the
    policy in `models.config` and the new one.
    """
    return (num_loaded(model_dir) or len(v.list_versions(model_dir))) + 1


def memory_mib(version_bytes: int, num_versions: int, factor: float) -> int:
    """Returns the memory of a server in MiB: the server, and its versions at a switch.

    >>> memory_mib(300 * 2**20, num_versions=3, factor=3.0)
    3264

    Args:
      version_bytes: Size on disk of what a server loads of a version.
      num_versions: Number of versions in memory at a switch.
      factor: Memory of a loaded version, relative to its size on disk.
    """
    needed = SERVER_MIB + num_versions * factor * version_bytes / _MIB
    return math.ceil(needed / _STEP_MIB) * _STEP_MIB


def volume_gib(version_bytes: int, keep_versions: int) -> int:
    """Returns the size of a volume in GiB: kept and hidden versions, and a copy in progress.

    >>> volume_gib(600 * 2**20, keep_versions=5)
    7

    Args:
      version_bytes: Size on disk of a version with its twin.
      keep_versions: `push.keep_versions`. A rollback may hide as many others.
    """
    return math.ceil((2 * keep_versions + 1) * version_bytes / _GIB)


def _version_folders(model_dir: str) -> list[str]:
    return [v.version_dir(model_dir, version) for version in v.list_versions(model_dir)]


def _file_bytes(folder: str) -> dict[str, int]:
    """Returns the size of each file below a folder, by its path in it."""
    paths = files.files_below(folder)
    return {path: files.size_bytes(os.path.join(folder, path)) for path in paths}
