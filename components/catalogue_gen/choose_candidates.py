"""Which items are candidates: what the items files say of them, and whether they are logged."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.catalogue_gen.item_table import IS_READABLE
from components.records.arrow_rows import PLACE, TEXT, file_and_line
from schemas.events import Reject, RejectReason
from schemas.features import ITEM_ID
from schemas.settings import DataSettings


@dataclass(frozen=True)
class Settled:
    """What some items came to.

    Attributes:
      kept: Candidates of the items files: the row of each that counts, by id.
      logged_only: [n] the ids of candidates that only the log makes candidates.
      readmitted: How many of those have a row in the items files, but a rejected one.
      never_logged: How many of `kept` have no readable event; 0 where the log was not read.
      rejects: The readable rows that are not kept.
    """

    kept: pa.Table
    logged_only: pa.StringArray
    readmitted: int = 0
    never_logged: int = 0
    rejects: list[Reject] = field(default_factory=list)


def settle(
    rows: pa.Table, logged: pa.StringArray, settings: DataSettings, files: tuple[str, ...]
) -> Settled:
    """Settles items.

    Of several readable rows of one item the last one (by file name, then line) counts, and the
    earlier ones are rejected as duplicates.

    Args:
      rows: All rows of these items (`item_table.items_schema`).
      logged: [num_logged] distinct ids of those that have a readable event.
      settings: `items.unknown` and `items.never_logged` decide.
      files: The items files, sorted.
    """
    by_item = [(ITEM_ID, "ascending"), (PLACE, "ascending")]
    readable = rows.filter(rows.column(IS_READABLE)).sort_by(by_item)
    is_last = _is_last(readable)
    last = readable.filter(pa.array(is_last))
    rejects = list(_duplicates(readable, is_last, files))
    never_logged = 0
    if settings.catalogue_reads_log:
        is_logged = _is_in(_ids(last), logged)
        if settings.rejects_never_logged:
            rejects += _never_logged(last.filter(pa.array(~is_logged)), files)
            last = last.filter(pa.array(is_logged))
        else:
            never_logged = int((~is_logged).sum())
    if not settings.takes_logged_items:
        return Settled(last, logged[:0], 0, never_logged, rejects)
    logged_only = logged.filter(pa.array(~_is_in(logged, _ids(readable))))
    readmitted = int(_is_in(logged_only, _ids(rows)).sum())
    return Settled(last, logged_only, readmitted, never_logged, rejects)


def _is_last(rows: pa.Table) -> np.ndarray:
    """[num_rows] bool: the last row of each item, of rows sorted by item."""
    ids = _ids(rows).to_numpy(zero_copy_only=False)
    return np.append(ids[1:] != ids[:-1], True)[: len(ids)].astype(bool)


def _ids(rows: pa.Table) -> pa.StringArray:
    return rows.column(ITEM_ID).combine_chunks()


def _is_in(values: pa.StringArray, known: pa.StringArray) -> np.ndarray:
    return pc.is_in(values, value_set=known).to_numpy(zero_copy_only=False)


def _duplicates(rows: pa.Table, is_last: np.ndarray, files: tuple[str, ...]) -> Iterator[Reject]:
    places = rows.column(PLACE).to_numpy()
    last = np.flatnonzero(is_last)
    earlier = np.flatnonzero(~is_last)
    for row, of in zip(earlier, last[np.searchsorted(last, earlier)], strict=True):
        file, line = file_and_line(int(places[of]))
        detail = f"a later row of its item counts: {files[file]}, line {line}"
        yield _reject(rows, row, RejectReason.DUPLICATE, detail, files)


def _never_logged(rows: pa.Table, files: tuple[str, ...]) -> Iterator[Reject]:
    detail = "no readable event is on its item, and items.never_logged is strict"
    for row in range(len(rows)):
        yield _reject(rows, row, RejectReason.NEVER_LOGGED, detail, files)


def _reject(
    rows: pa.Table, row: int, reason: RejectReason, detail: str, files: tuple[str, ...]
) -> Reject:
    file, line = file_and_line(rows.column(PLACE)[row].as_py())
    return Reject(files[file], line, reason, detail, rows.column(TEXT)[row].as_py())
