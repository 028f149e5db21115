"""Events refused after parsing: which, why, and as they stand in `rejects`."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from components.example_gen.event_table import PLACE, TIME_US, file_and_line
from components.example_gen.sorted_events import SortedEvents
from schemas.events import Reject, RejectReason
from schemas.features import USER_ID


@dataclass(frozen=True)
class Refusal:
    """Some events that one rule refuses.

    Attributes:
      reason: Of the closed set.
      events: Their indices, ascending.
      detail: What is wrong with the event of an index, for a person.
    """

    reason: RejectReason
    events: np.ndarray
    detail: Callable[[int], str]


def to_rejects(
    events: SortedEvents, refusals: list[Refusal], files: tuple[str, ...]
) -> Iterator[Reject]:
    """The refused events one by one.

    Their text stayed behind when events were grouped by user, so `raw` holds the parsed fields;
    file and line find the original.

    Args:
      events: What the refusals are about.
      refusals: Of the same events.
      files: The log's sorted files.
    """
    for refusal in refusals:
        rows = events.table.take(pa.array(refusal.events)).to_pylist()
        for event, row in zip(refusal.events.tolist(), rows, strict=True):
            file, line = file_and_line(row.pop(PLACE))
            detail = refusal.detail(event)
            yield Reject(files[file], line, refusal.reason, detail, _raw(row))


def _raw(row: dict[str, object]) -> str:
    fields = {name: value for name, value in row.items() if not _is_missing(value)}
    ordered = {name: fields.pop(name) for name in (USER_ID, TIME_US)}
    return json.dumps({**ordered, **fields}, ensure_ascii=False)


def _is_missing(value: object) -> bool:
    return value == "" or (isinstance(value, float) and math.isnan(value))
