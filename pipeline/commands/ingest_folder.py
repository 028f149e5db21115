"""The folder of `twotower ingest`: only one that it wrote itself is ever replaced."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import InputError

_CURE = "choose another `output:`, or move it away"
# Stands in every folder that an ingestion wrote, and tells it from a user's own of that name.
MARKER = ".twotower-ingest"


def check_replaceable(folder: str) -> None:
    """Checks that `folder` is absent, empty, or of an earlier ingestion.

    Raises:
      InputError: It holds what no ingestion wrote.
    """
    if not os.path.lexists(folder):
        return
    if not os.path.isdir(folder):
        raise InputError(f"{folder}: is no folder, and the ingestion goes there; {_CURE}")
    if os.listdir(folder) and not os.path.exists(os.path.join(folder, MARKER)):
        raise InputError(
            f"{folder}: holds files that no ingestion wrote (there is no {MARKER} in it), and the "
            f"ingestion would replace them; {_CURE}"
        )


@contextmanager
def replacing(folder: str) -> Iterator[str]:
    """Gives a new folder that takes the place of `folder` when the block ends without an error.

    After an error the new one is removed, and `folder` is as it was. A link is followed: what it
    leads to is replaced.

    Args:
      folder: Absent, empty, or of an earlier ingestion.

    Raises:
      InputError: `folder` holds what no ingestion wrote.
    """
    place = os.path.realpath(folder)
    check_replaceable(place)
    parent, name = os.path.split(place)
    os.makedirs(parent, exist_ok=True)
    # Beside it, for a rename works only within one filesystem; the scratch takes the old one along.
    with tempfile.TemporaryDirectory(prefix=f"{name}.partial-", dir=parent) as scratch:
        fresh = os.path.join(scratch, "fresh")
        os.mkdir(fresh)
        with open(os.path.join(fresh, MARKER), "w", encoding="utf-8") as marker:
            marker.write("Written by `twotower ingest`, which replaces this folder.\n")
        yield fresh
        check_replaceable(place)
        if os.path.isdir(place):
            os.rename(place, os.path.join(scratch, "previous"))
        os.rename(fresh, place)
