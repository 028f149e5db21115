"""Erasure of users and items: ingestion drops all their records and reports only their number."""

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.io.filesystems import FileSystems

from components.id_normalisation import IdNormaliser
from components.readers.filesystems import check_filesystem
from components.readers.open_input import open_input
from components.records.column_values import ConvertedColumn
from schemas.errors import InputError
from schemas.events import Reject
from schemas.features import ITEM_ID, USER_ID
from schemas.privacy_settings import EraseSettings

WITHHELD_DETAIL = "withheld: the record contains an id to erase, or may belong to one"

_WORD = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class ErasedIds:
    """The ids of the users and items to erase, trimmed and normalised like the ids of records.

    A record of an erased user or item is dropped, whatever else is wrong with it. A record whose
    user id cannot be read is still rejected if any user is erased, but its content is withheld;
    the same holds for item ids.
    """

    user_ids: frozenset[str] = frozenset()
    item_ids: frozenset[str] = frozenset()
    normalise: IdNormaliser = field(default_factory=IdNormaliser)

    def __bool__(self) -> bool:
        return bool(self.user_ids or self.item_ids)

    def __repr__(self) -> str:
        return f"ErasedIds({len(self.user_ids)} users, {len(self.item_ids)} items)"

    def occurs_in(self, text: str) -> bool:
        """Returns whether a text contains an erased id, in any spelling that becomes it.

        Ids that consist of word characters and hyphens must match a whole word; other ids match
        anywhere.
        """
        words, others = self._words_and_others
        found = _WORD.findall(text)
        if self.normalise:
            found += [self.normalise(word) for word in found]
            text = f"{text} {self.normalise(text)}"
        return not words.isdisjoint(found) or any(other in text for other in others)

    @cached_property
    def _words_and_others(self) -> tuple[frozenset[str], tuple[str, ...]]:
        ids = self.user_ids | self.item_ids
        words = frozenset(text for text in ids if _WORD.fullmatch(text))
        return words, tuple(sorted(ids - words))

    @property
    def digest(self) -> str:
        """The SHA-256 of the ids; part of the cache key of the steps that read them."""
        ids = [sorted(self.user_ids), sorted(self.item_ids)]
        return hashlib.sha256(json.dumps(ids).encode()).hexdigest()

    def erased_rows(self, columns: Mapping[str, ConvertedColumn]) -> npt.NDArray[np.bool_]:
        """Returns a mask of the rows of erased users and items.

        Args:
          columns: Columns of [num_rows] by name, with `user_id`, `item_id` or both.

        Returns:
          [num_rows] bool.
        """
        is_erased = [
            pc.is_in(columns[name].values, value_set=pa.array(sorted(ids), pa.string()))
            for name, ids in self._by_column.items()
            if name in columns
        ]
        return np.logical_or.reduce([mask.to_numpy(zero_copy_only=False) for mask in is_erased])

    def unidentified_rows(self, columns: Mapping[str, ConvertedColumn]) -> set[int]:
        """Returns the rows whose user id (or item id) failed to convert while users are erased."""
        return {
            row
            for name, ids in self._by_column.items()
            if ids and name in columns
            for row in columns[name].failures
        }

    @property
    def _by_column(self) -> dict[str, frozenset[str]]:
        return {USER_ID: self.user_ids, ITEM_ID: self.item_ids}


def withhold_record(reject: Reject) -> Reject:
    """Returns the reject with its file, line and reason, but without content of the record."""
    return replace(reject, detail=WITHHELD_DETAIL, raw="")


def load_erased_ids(
    settings: EraseSettings,
    normalise: IdNormaliser = IdNormaliser(),  # noqa: B008
) -> ErasedIds:
    """Returns the ids to erase from the settings and from the files that the settings name.

    Args:
      settings: The ids, and the files of ids.
      normalise: The rules that are applied to these ids, as to the ids of records.

    Raises:
      InputError: A file does not exist or cannot be read. The message names the key and no id.
    """
    return ErasedIds(
        normalise.all(_ids(settings.user_ids, settings.user_ids_path, "erase.user_ids_path")),
        normalise.all(_ids(settings.item_ids, settings.item_ids_path, "erase.item_ids_path")),
        normalise,
    )


def _ids(listed: Iterable[str], path: str | None, key: str) -> frozenset[str]:
    from_file = _read_lines(path, key) if path is not None else ()
    trimmed = (text.strip() for text in (*listed, *from_file))
    return frozenset(text for text in trimmed if text)


def _read_lines(path: str, key: str) -> list[str]:
    try:
        check_filesystem(path)
    except InputError as error:
        raise InputError(f"{key}: {error}") from error
    if not FileSystems.exists(path):
        raise InputError(f"{key}: there is no file {path}; correct the path or remove the key")
    try:
        with open_input(path) as file:
            return io.TextIOWrapper(file, encoding="utf-8-sig").readlines()
    except UnicodeDecodeError:
        raise InputError(
            f"{key}: {path} is not UTF-8 text; encode the file as UTF-8, one id per line"
        ) from None
    except InputError as error:
        raise InputError(f"{key}: {error}") from error
