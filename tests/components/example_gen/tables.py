"""Small tables of sorted events, and the lines of events."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.example_gen.event_table import events_schema
from components.example_gen.sorted_events import SortedEvents, sort_events
from components.records.arrow_rows import file_and_line, record_positions
from schemas.features import Feature

SECOND = 10**6


def sorted_events(
    rows: Sequence[Mapping[str, Any]], context: Sequence[Feature] = ()
) -> SortedEvents:
    """Returns events on lines 0, 1, 2, …, by default of user u on item i at time 0."""
    schema = events_schema(context)
    defaults = {
        "user_id": "u",
        "item_id": "i",
        "time_us": 0,
        "event_type": "",
        "value": float("nan"),
        "event_id": "",
    }
    lines = record_positions(0, np.arange(len(rows))).tolist()
    filled = [{**defaults, "position": line, **row} for line, row in zip(lines, rows, strict=True)]
    return sort_events(pa.Table.from_pylist(filled, schema=schema))


def at_times(*times_us: int, **fields: Any) -> SortedEvents:
    """Returns one event per time; further fields are the same for all events."""
    return sorted_events(
        [{"item_id": f"i{n}", "time_us": time, **fields} for n, time in enumerate(times_us)]
    )


def lines_of(events: SortedEvents, where: npt.NDArray[Any]) -> list[int]:
    """Returns the lines of the events selected by indices or by a mask."""
    return [file_and_line(int(position))[1] for position in events.position[where]]
