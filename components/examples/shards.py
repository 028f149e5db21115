"""The folder and the files of one split of an Examples artifact."""

import os
import re

from components import files
from schemas.errors import InputError

_NUM_SHARDS = re.compile(r"-\d{5}-of-(\d{5})")


def split_folder(uri: str, split: str) -> str:
    """Returns the folder of the shards of one split of an Examples artifact in TFX."""
    return os.path.join(uri, f"Split-{split}")


def split_files(uri: str, split: str) -> list[str]:
    """Returns the TFRecord files of one split of an Examples artifact, sorted.

    Raises:
      InputError: There are no files, or fewer or more than the number of shards in their names.
    """
    folder = split_folder(uri, split)
    found = [os.path.join(folder, name) for name in files.names_in(folder)]
    if not found:
        raise InputError(f"there are no example files in {folder}")
    num_shards = _NUM_SHARDS.search(found[0])
    if num_shards and int(num_shards[1]) != len(found):
        raise InputError(
            f"{folder}: {len(found)} files, expected {int(num_shards[1])} shards; the run that "
            "wrote them was interrupted: delete the folder and run again"
        )
    return found
