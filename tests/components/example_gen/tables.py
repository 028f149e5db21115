"""Small tables of sorted events, and what became of them by the line of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from components.example_gen.event_table import events_schema
from components.example_gen.sorted_events import SortedEvents, sort_events
from components.records.arrow_rows import file_and_line, places
from schemas.features import Feature

SECOND = 10**6


def sorted_events(
    rows: Sequence[Mapping[str, Any]], context: Sequence[Feature] = ()
) -> SortedEvents:
    """Events of user u on item i at 0 s unless `rows` say otherwise, on lines 0, 1, 2, …"""
    schema = events_schema(context)
    defaults = {
        "user_id": "u",
        "item_id": "i",
        "time_us": 0,
        "event_type": "",
        "value": float("nan"),
        "event_id": "",
    }
    lines = places(0, np.arange(len(rows))).tolist()
    filled = [{**defaults, "place": line, **row} for line, row in zip(lines, rows, strict=True)]
    return sort_events(pa.Table.from_pylist(filled, schema=schema))


def at_times(*times_us: int, **fields: Any) -> SortedEvents:
    """One event a time; further fields are the same for all."""
    return sorted_events(
        [{"item_id": f"i{n}", "time_us": time, **fields} for n, time in enumerate(times_us)]
    )


def lines_of(events: SortedEvents, where: np.ndarray) -> list[int]:
    """The lines of some events, by index or mask."""
    return [file_and_line(int(place))[1] for place in events.place[where]]
