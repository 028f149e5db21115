"""Events that are rejected after parsing, and their conversion to `Reject`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from components.example_gen.event_table import TIME_US
from components.example_gen.sorted_events import SortedEvents
from components.records.arrow_rows import POSITION, file_and_line
from schemas.events import Reject, RejectReason
from schemas.features import USER_ID

# Number of events converted to Python values at a time.
_EVENTS_PER_CHUNK = 10_000


@dataclass(frozen=True)
class RejectedEvents:
    """The events that one rule rejects.

    Attributes:
      reason: The reason of the rejection.
      events: [num_rejected] ascending indices of events.
      detail: Returns the explanation for the event of an index.
    """

    reason: RejectReason
    events: npt.NDArray[np.int64]
    detail: Callable[[int], str]


def to_rejects(
    events: SortedEvents, rejected: list[RejectedEvents], files: tuple[str, ...]
) -> Iterator[Reject]:
    """Yields the rejected events one by one.

    Events do not carry their original text, so `raw` holds the parsed fields until
    `original_records` replaces them by the record.

    Args:
      events: The events that were checked.
      rejected: The rejected ones among them, by rule.
      files: The sorted files of the log.
    """
    for by_rule in rejected:
        for begin in range(0, len(by_rule.events), _EVENTS_PER_CHUNK):
            chunk = by_rule.events[begin : begin + _EVENTS_PER_CHUNK]
            rows = events.table.take(pa.array(chunk))
            positions = rows.column(POSITION).to_pylist()
            for event, position, raw in zip(
                chunk.tolist(), positions, _fields_as_json(rows), strict=True
            ):
                file, line = file_and_line(position)
                detail = by_rule.detail(event)
                yield Reject(files[file], line, by_rule.reason, detail, raw, is_parsed=True)


def _fields_as_json(rows: pa.Table) -> Iterator[str]:
    """Yields the non-missing fields of each event as a JSON object."""
    others = [name for name in rows.column_names if name not in (USER_ID, TIME_US, POSITION)]
    names = [USER_ID, TIME_US, *others]
    for values in zip(*(_values(rows.column(name)) for name in names), strict=True):
        fields = {
            name: value for name, value in zip(names, values, strict=True) if _is_present(value)
        }
        yield orjson.dumps(fields).decode()


def _values(column: pa.ChunkedArray) -> Sequence[str | int | float]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.to_numpy().tolist()


def _is_present(value: str | int | float) -> bool:
    return value != "" and value == value  # NaN is not equal to itself.
