"""The folder of the checkpoints of a training, which its content determines."""

import hashlib
import json
import os
from collections.abc import Sequence

from components import files
from components.progress import progress

_PREFIX = "checkpoint-"
_DIGITS = 16
_BLOCK_BYTES = 1 << 20


def checkpoint_folder(parent: str, settings: Sequence[str], inputs: Sequence[str]) -> str:
    """Returns the folder of a training, so that no other training continues its checkpoints.

    The name of the folder is a hash of everything that determines the training. Checkpoints of
    other settings, data or code are named in the log and not used.

    Args:
      parent: A folder that stays the same when the training is started again.
      settings: The settings as JSON, and the version of the code.
      inputs: The files and folders that the training reads, in a fixed order.
    """
    digest = hashlib.sha256(json.dumps(list(settings)).encode())
    for path in inputs:
        for file, name in _files_of(path):
            digest.update(f"\0{name}\0{files.size_bytes(file)}\0".encode())
            _add_content(digest, file)
    name = _PREFIX + digest.hexdigest()[:_DIGITS]
    others = [
        other for other in files.names_in(parent) if other.startswith(_PREFIX) and other != name
    ]
    if others:
        progress.info(
            "%s has checkpoints of other settings, data or code, which are not used (%s); delete "
            "them if these trainings will not be continued",
            parent,
            ", ".join(others),
        )
    return os.path.join(parent, name)


def _files_of(path: str) -> list[tuple[str, str]]:
    """Returns path and name of a file, or of each file in a folder."""
    if not files.is_folder(path):
        return [(path, os.path.basename(path))]
    return [(os.path.join(path, name), name) for name in files.files_below(path)]


def _add_content(digest: "hashlib._Hash", path: str) -> None:
    with files.open_to_read(path) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
