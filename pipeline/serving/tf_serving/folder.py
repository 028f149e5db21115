"""Writes the files to a folder, and replaces only those that an earlier call wrote."""

import os
from collections.abc import Mapping

from components import files
from pipeline.serving.tf_serving.render import WRITTEN_BY
from schemas.errors import InputError


def check_folder(folder: str, names: list[str]) -> None:
    """Checks that files may be written to a folder.

    Args:
      folder: A folder that is new, is empty, or contains files of an earlier call. It may then
        contain other files, too, which stay as they are.
      names: Names of the files to write.

    Raises:
      InputError: The folder is on an object store, or it contains files, but none or not all of
        these names are of an earlier call.
    """
    if files.is_remote(folder):
        raise InputError(f"--output {folder}: give a local folder")
    if files.exists(folder) and not files.is_folder(folder):
        raise InputError(f"--output {folder}: is a file; give a folder")
    found = files.names_in(folder)
    existing = [name for name in names if name in found]
    foreign = [name for name in existing if not _is_own(os.path.join(folder, name))]
    if foreign:
        raise InputError(
            f"{os.path.join(folder, foreign[0])} was not written by `twotower serving-config`, or "
            "its first line was changed; move it elsewhere, or give another folder (--output)"
        )
    if found and not existing:
        raise InputError(
            f"{folder} contains other files ({found[0]}); give a new folder (--output), or that of "
            "an earlier `twotower serving-config`"
        )


def write_folder(folder: str, texts: Mapping[str, str]) -> None:
    """Writes files to a folder that `check_folder` accepted."""
    files.make_folder(folder)
    for name, text in texts.items():
        files.write_text(os.path.join(folder, name), text)


def _is_own(path: str) -> bool:
    with files.open_to_read(path) as file:
        return WRITTEN_BY.encode() in file.readline()
