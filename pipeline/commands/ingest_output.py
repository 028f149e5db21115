"""The output folder of `twotower ingest`, which replaces only folders that it wrote itself."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import InputError

_REMEDY = "choose another `output:`, or move it"
# Every folder that `twotower ingest` wrote contains this file.
MARKER = ".twotower-ingest"


def check_replaceable(folder: str) -> None:
    """Checks that a folder does not exist, is empty, or was written by an earlier ingestion.

    Raises:
      InputError: The folder contains other files, or is not a folder.
    """
    if not os.path.lexists(folder):
        return
    if not os.path.isdir(folder):
        raise InputError(
            f"{folder}: is a file, but `twotower ingest` writes a folder of this name; {_REMEDY}"
        )
    if os.listdir(folder) and not os.path.exists(os.path.join(folder, MARKER)):
        raise InputError(
            f"{folder}: contains files that `twotower ingest` did not write (it has no {MARKER}) "
            f"and would delete; {_REMEDY}"
        )


@contextmanager
def atomic_replacement(folder: str) -> Iterator[str]:
    """Yields a new folder that replaces `folder` when the block ends without an error.

    After an error the new folder is deleted and `folder` is unchanged. If `folder` is a link, the
    target of the link is replaced.

    Args:
      folder: A folder that does not exist, is empty, or was written by an earlier ingestion.

    Raises:
      InputError: `folder` contains files that an ingestion did not write.
    """
    target = os.path.realpath(folder)
    check_replaceable(target)
    parent, name = os.path.split(target)
    os.makedirs(parent, exist_ok=True)
    # The temporary folder is next to the target because a rename must stay within one filesystem.
    # The previous folder is moved into it and deleted with it.
    with tempfile.TemporaryDirectory(prefix=f"{name}.partial-", dir=parent) as scratch:
        new = os.path.join(scratch, "new")
        os.mkdir(new)
        with open(os.path.join(new, MARKER), "w", encoding="utf-8") as marker:
            marker.write("Written by `twotower ingest`, which replaces this folder.\n")
        yield new
        check_replaceable(target)
        if os.path.isdir(target):
            os.rename(target, os.path.join(scratch, "previous"))
        os.rename(new, target)
