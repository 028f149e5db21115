"""The items of a version of a model and the measures of its evaluation, in a file of the version.

The file is not part of the model, so it does not count for the equality of two versions.
"""

import gzip
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass

from components import files
from components.served_lists import ListMeasures
from schemas.bundle import KNOWN_USERS_FILE, REFERENCE_FILE
from schemas.errors import InputError
from schemas.settings import from_json, to_json

# Models of former releases contain the ids as a vocabulary of their graph, one per line.
_FORMER_VOCABULARY = os.path.join("assets", "user_id")
# Several times faster than the default for the ids of a large catalogue.
_COMPRESS_LEVEL = 6


@dataclass(frozen=True)
class ServedReference:
    """Measures of a version with held-out requests, and its items.

    Attributes:
      split: The split of the requests.
      max_history: The maximum number of past events that the model reads.
      signatures: The measures of the lists of a signature.
      item_ids: The ids of all items that can be recommended.
    """

    split: str
    max_history: int
    signatures: dict[str, ListMeasures]
    item_ids: tuple[str, ...]


def write_reference(model_dir: str, reference: ServedReference) -> None:
    """Writes the reference of the SavedModel in a folder."""
    path = os.path.join(model_dir, REFERENCE_FILE)
    files.make_folder(os.path.dirname(path))
    # Without a time, equal references have equal files.
    content = gzip.compress(to_json(reference).encode(), _COMPRESS_LEVEL, mtime=0)
    files.write_bytes(path, content)


def read_reference(model_dir: str) -> ServedReference | None:
    """Reads the reference of the SavedModel in a folder; None if it has none.

    Raises:
      InputError: The file is damaged.
    """
    path = os.path.join(model_dir, REFERENCE_FILE)
    if not files.exists(path):
        return None
    try:
        return from_json(ServedReference, gzip.decompress(files.read_bytes(path)).decode())
    except (ValueError, EOFError, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: damaged ({str(error).splitlines()[0]}); push or re-index the model again"
        ) from error


def write_known_users(model_dir: str, users: Iterable[bytes]) -> None:
    """Writes the ids of the users with targets in training into the folder of a SavedModel."""
    path = os.path.join(model_dir, KNOWN_USERS_FILE)
    ids = sorted(user.decode("utf-8", "replace") for user in users)
    files.make_folder(os.path.dirname(path))
    files.write_bytes(path, gzip.compress(json.dumps(ids).encode(), mtime=0))


def read_known_users(model_dir: str) -> frozenset[str] | None:
    """Returns the users with targets in training.

    Returns:
      The ids; None if the folder of the SavedModel does not contain them.
    """
    path = os.path.join(model_dir, KNOWN_USERS_FILE)
    if files.exists(path):
        return frozenset(json.loads(gzip.decompress(files.read_bytes(path))))
    vocabulary = os.path.join(model_dir, _FORMER_VOCABULARY)
    if files.exists(vocabulary):
        return frozenset(files.read_text(vocabulary).split("\n")) - {""}
    return None
