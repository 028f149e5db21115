"""What the catalogue step found about items, for the steps that read the log and build the index.

The notes are a file next to the examples of the catalogue.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from apache_beam.io.filesystems import FileSystems

NOTES_FILE = "notes.json"


@dataclass(frozen=True)
class ItemNotes:
    """Notes about the items of a catalogue.

    Attributes:
      num_items: Number of items that have a row; None if it is unknown.
      rejected: Why all rows of an item were rejected, by item id: place, reason and detail.
      logged_only: Ids of the candidates without a row.
    """

    num_items: int | None = None
    rejected: dict[str, str] = field(default_factory=dict)
    logged_only: frozenset[str] = frozenset()


def write_notes(
    folder: str, num_items: int, rejected: dict[str, dict[str, Any]], logged_only: Iterable[str]
) -> None:
    """Writes the notes.

    Args:
      folder: The folder of the examples of the catalogue, local or remote.
      num_items: Number of items that have a row.
      rejected: The last reject (`rejects_json.to_dict`) of each item whose rows were all rejected.
      logged_only: Ids of the candidates without a row.
    """
    notes = {
        "num_items": num_items,
        "rejected": {item: _sentence(reject) for item, reject in rejected.items()},
        "logged_only": sorted(logged_only),
    }
    with FileSystems.create(os.path.join(folder, NOTES_FILE)) as file:
        file.write(json.dumps(notes).encode())


def read_notes(folder: str) -> ItemNotes:
    """Returns the notes of a catalogue; empty ones if there is no file of notes."""
    path = os.path.join(folder, NOTES_FILE)
    if not FileSystems.exists(path):
        return ItemNotes()
    with FileSystems.open(path) as file:
        notes = json.loads(file.read())
    return ItemNotes(notes["num_items"], notes["rejected"], frozenset(notes["logged_only"]))


def _sentence(reject: dict[str, Any]) -> str:
    detail = f": {reject['detail']}" if reject["detail"] else ""
    return f"{reject['file']}, line {reject['line']}, {reject['reason']}{detail}"
