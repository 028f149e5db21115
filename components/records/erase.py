"""Users and items whose every record is dropped at ingestion, counted, and nowhere shown."""

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.io.filesystems import FileSystems

from components.readers.filesystems import check_filesystem
from components.readers.open_input import open_input
from components.records.column_values import Converted
from schemas.data_settings import EraseSettings
from schemas.errors import InputError
from schemas.events import Reject
from schemas.features import ITEM_ID, USER_ID

WITHHELD = "withheld: an id to erase might stand in it, and whose record it is cannot be told"

_WORD = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class ErasedIds:
    """The ids to erase, trimmed as ids of records are.

    A record that names one is dropped, whatever else is wrong with it. A record whose user (or
    item) cannot be told while users (or items) are erased stays rejected, but is not shown.
    """

    user_ids: frozenset[str] = frozenset()
    item_ids: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.user_ids or self.item_ids)

    def __repr__(self) -> str:
        return f"ErasedIds({len(self.user_ids)} users, {len(self.item_ids)} items)"

    def stands_in(self, text: str) -> bool:
        """Whether an erased id is a word of a text, or, where it is none itself, a part of it."""
        words, others = self._words_and_others
        return not words.isdisjoint(_WORD.findall(text)) or any(other in text for other in others)

    @cached_property
    def _words_and_others(self) -> tuple[frozenset[str], tuple[str, ...]]:
        ids = self.user_ids | self.item_ids
        words = frozenset(text for text in ids if _WORD.fullmatch(text))
        return words, tuple(sorted(ids - words))

    @property
    def digest(self) -> str:
        """Changes with the ids, so that the cache of what read them does."""
        ids = [sorted(self.user_ids), sorted(self.item_ids)]
        return hashlib.sha256(json.dumps(ids).encode()).hexdigest()

    def erased_rows(self, columns: Mapping[str, Converted]) -> np.ndarray:
        """Which rows are of an erased user or item.

        Args:
          columns: `user_id`, `item_id` or both among them, [num_rows] each.

        Returns:
          [num_rows] bool.
        """
        of_column = [
            pc.is_in(columns[name].values, value_set=pa.array(sorted(ids), pa.string()))
            for name, ids in self._by_column.items()
            if name in columns
        ]
        return np.logical_or.reduce([column.to_numpy(zero_copy_only=False) for column in of_column])

    def untold_rows(self, columns: Mapping[str, Converted]) -> set[int]:
        """The rows whose user or item cannot be told, though some of its sort are erased."""
        return {
            row
            for name, ids in self._by_column.items()
            if ids and name in columns
            for row in columns[name].failures
        }

    @property
    def _by_column(self) -> dict[str, frozenset[str]]:
        return {USER_ID: self.user_ids, ITEM_ID: self.item_ids}


def withheld(reject: Reject) -> Reject:
    """The rejection with its reason and place, but nothing of the record."""
    return replace(reject, detail=WITHHELD, raw="")


def load_erased_ids(settings: EraseSettings) -> ErasedIds:
    """Reads the ids to erase from the settings and from the files that they name.

    Raises:
      InputError: A file does not exist or cannot be read; names the key, and shows no id.
    """
    return ErasedIds(
        _ids(settings.user_ids, settings.user_ids_path, "erase.user_ids_path"),
        _ids(settings.item_ids, settings.item_ids_path, "erase.item_ids_path"),
    )


def _ids(given: Iterable[str], path: str | None, key: str) -> frozenset[str]:
    from_file = _read_lines(path, key) if path is not None else ()
    trimmed = (text.strip() for text in (*given, *from_file))
    return frozenset(text for text in trimmed if text)


def _read_lines(path: str, key: str) -> list[str]:
    try:
        check_filesystem(path)
    except InputError as error:
        raise InputError(f"{key}: {error}") from error
    if not FileSystems.exists(path):
        raise InputError(f"{key}: there is no file {path}; correct the path or leave the key out")
    try:
        with open_input(path) as file:
            return io.TextIOWrapper(file, encoding="utf-8-sig").readlines()
    except UnicodeDecodeError:
        raise InputError(f"{key}: {path} is not UTF-8 text; write one id a line in UTF-8") from None
    except InputError as error:
        raise InputError(f"{key}: {error}") from error
