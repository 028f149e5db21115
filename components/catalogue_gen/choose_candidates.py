"""The choice of candidates from the rows of the items files and the logged items."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.catalogue_gen.item_table import IS_READABLE, PROBLEM, SPELLING
from components.records.arrow_rows import POSITION, TEXT, file_and_line
from schemas.events import Reject, RejectReason
from schemas.features import ITEM_ID
from schemas.settings import DataSettings


@dataclass(frozen=True)
class ChosenCandidates:
    """The candidates among some items.

    Attributes:
      kept: The rows of the candidates from the items files, one per item, sorted by id.
      logged_only: [num_logged_only] ids of the candidates that are only in the log.
      readmitted: Number of `logged_only` items whose rows in the items files were all rejected.
      never_logged: Number of `kept` items without a valid event; 0 if the log was not read.
      rejects: The readable rows that are not kept.
      unreadable: The reject of the last row of each item whose rows are all unreadable.
    """

    kept: pa.Table
    logged_only: pa.StringArray
    readmitted: int = 0
    never_logged: int = 0
    rejects: list[Reject] = field(default_factory=list)
    unreadable: dict[str, Reject] = field(default_factory=dict)


def choose_candidates(
    rows: pa.Table, logged: pa.StringArray, settings: DataSettings, files: tuple[str, ...]
) -> ChosenCandidates:
    """Returns the candidates among some items.

    If an item has several readable rows, the last one (by file name, then line) is kept, and the
    earlier ones are rejected as duplicates.

    Args:
      rows: All rows of these items (`item_table.items_schema`).
      logged: [num_logged] distinct ids of the items that have a valid event.
      settings: Settings with the rules `items.unknown` and `items.never_logged`.
      files: The sorted items files.
    """
    by_item = [(ITEM_ID, "ascending"), (POSITION, "ascending")]
    readable = rows.filter(rows.column(IS_READABLE)).sort_by(by_item)
    is_last = _is_last(readable)
    last = readable.filter(pa.array(is_last))
    rejects = list(_duplicates(readable, is_last, files))
    unreadable = dict(_unreadable(rows.sort_by(by_item), _ids(readable), files))
    never_logged = 0
    if settings.catalogue_reads_log:
        is_logged = _is_in(_ids(last), logged)
        if settings.rejects_never_logged:
            rejects += _never_logged(last.filter(pa.array(~is_logged)), files)
            last = last.filter(pa.array(is_logged))
        else:
            never_logged = int((~is_logged).sum())
    if not settings.takes_logged_items:
        return ChosenCandidates(last, logged[:0], 0, never_logged, rejects, unreadable)
    logged_only = logged.filter(pa.array(~_is_in(logged, _ids(readable))))
    readmitted = int(_is_in(logged_only, _ids(rows)).sum())
    return ChosenCandidates(last, logged_only, readmitted, never_logged, rejects, unreadable)


def _unreadable(
    rows: pa.Table, readable: pa.StringArray, files: tuple[str, ...]
) -> Iterator[tuple[str, Reject]]:
    """Yields the items without a readable row, with the reject of each of their rows, in order."""
    others = rows.filter(pa.array(~_is_in(_ids(rows), readable)))
    names = (ITEM_ID, POSITION, PROBLEM)
    for item, position, problem in zip(
        *(others.column(name).to_pylist() for name in names), strict=True
    ):
        file, line = file_and_line(position)
        reason, _, detail = problem.partition(": ")
        yield item, Reject(files[file], line, RejectReason(reason), detail, "")


def _is_last(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Returns a [num_rows] bool mask of the last row of each item, for rows sorted by item."""
    ids = _ids(rows).to_numpy(zero_copy_only=False)
    return np.append(ids[1:] != ids[:-1], True)[: len(ids)].astype(bool)


def _ids(rows: pa.Table) -> pa.StringArray:
    return rows.column(ITEM_ID).combine_chunks()


def _is_in(values: pa.StringArray, value_set: pa.StringArray) -> npt.NDArray[np.bool_]:
    return pc.is_in(values, value_set=value_set).to_numpy(zero_copy_only=False)


def _duplicates(
    rows: pa.Table, is_last: npt.NDArray[np.bool_], files: tuple[str, ...]
) -> Iterator[Reject]:
    positions = rows.column(POSITION).to_numpy()
    spelling = rows.column(SPELLING)
    last = np.flatnonzero(is_last)
    earlier = np.flatnonzero(~is_last)
    for row, kept_row in zip(earlier, last[np.searchsorted(last, earlier)], strict=True):
        file, line = file_and_line(int(positions[kept_row]))
        detail = f"the item has a later row, which is kept: {files[file]}, line {line}"
        one, other = spelling[row].as_py(), spelling[kept_row].as_py()
        if one != other:
            detail += f"; the ids {one} and {other} are the same after ids.normalise"
        yield _reject(rows, int(row), RejectReason.DUPLICATE, detail, files)


def _never_logged(rows: pa.Table, files: tuple[str, ...]) -> Iterator[Reject]:
    detail = "the item has no valid event in the log, and items.never_logged is strict"
    for row in range(len(rows)):
        yield _reject(rows, row, RejectReason.NEVER_LOGGED, detail, files)


def _reject(
    rows: pa.Table, row: int, reason: RejectReason, detail: str, files: tuple[str, ...]
) -> Reject:
    file, line = file_and_line(rows.column(POSITION)[row].as_py())
    return Reject(files[file], line, reason, detail, rows.column(TEXT)[row].as_py())
