"""The file that a command writes: checks before the work, and errors of writing."""

import os
from pathlib import Path

from schemas.errors import InputError


def check_new_file(path: str, force: bool) -> None:
    """Checks that a file can be written, before a command does the work for it.

    Args:
      path: The file.
      force: Whether an existing file is overwritten.

    Raises:
      InputError: `path` exists and `force` is false, it is a folder, or its folder does not exist.
    """
    if os.path.isdir(path):
        raise InputError(f"--output {path}: this is a folder; give the name of a file")
    if os.path.exists(path) and not force:
        raise InputError(
            f"--output {path}: the file exists; give --force to overwrite it, or another --output"
        )
    if not Path(path).parent.is_dir():
        raise InputError(
            f"--output {path}: there is no folder {Path(path).parent}; create it first"
        )


def write_file(path: str, text: str) -> None:
    """Writes the text of a command to a file.

    Raises:
      InputError: The file cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--output {path}: cannot be written ({error})") from error
