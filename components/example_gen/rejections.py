"""Events rejected after parsing: which, why, and as they stand in `rejects`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa

from components.example_gen.event_table import TIME_US
from components.example_gen.sorted_events import SortedEvents
from components.records.arrow_rows import PLACE, file_and_line
from schemas.events import Reject, RejectReason
from schemas.features import USER_ID

_EVENTS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Rejection:
    """Some events that one rule rejects.

    Attributes:
      reason: Of the closed set.
      events: Their indices, ascending.
      detail: What is wrong with the event of an index, for a person.
    """

    reason: RejectReason
    events: np.ndarray
    detail: Callable[[int], str]


def to_rejects(
    events: SortedEvents, rejections: list[Rejection], files: tuple[str, ...]
) -> Iterator[Reject]:
    """The rejected events one by one.

    Their text stayed behind when events were grouped by user, so `raw` holds the parsed fields
    until the record is looked up (`original_records`).

    Args:
      events: What the rejections are about.
      rejections: Of the same events.
      files: The log's sorted files.
    """
    for rejection in rejections:
        for begin in range(0, len(rejection.events), _EVENTS_AT_ONCE):
            some = rejection.events[begin : begin + _EVENTS_AT_ONCE]
            rows = events.table.take(pa.array(some))
            places = rows.column(PLACE).to_pylist()
            for event, place, raw in zip(some.tolist(), places, _parsed(rows), strict=True):
                file, line = file_and_line(place)
                detail = rejection.detail(event)
                yield Reject(files[file], line, rejection.reason, detail, raw, is_parsed=True)


def _parsed(rows: pa.Table) -> Iterator[str]:
    """The fields of each event that it has, as JSON."""
    others = [name for name in rows.column_names if name not in (USER_ID, TIME_US, PLACE)]
    names = [USER_ID, TIME_US, *others]
    for values in zip(*(_values(rows.column(name)) for name in names), strict=True):
        fields = {
            name: value for name, value in zip(names, values, strict=True) if _is_there(value)
        }
        yield orjson.dumps(fields).decode()


def _values(column: pa.ChunkedArray) -> Sequence[str | int | float]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.to_numpy().tolist()


def _is_there(value: str | int | float) -> bool:
    return value != "" and value == value  # NaN is no number, not even its own
