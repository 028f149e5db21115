"""Traffic logs that tests write."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipeline.monitor.traffic import Traffic, read_traffic
from schemas import traffic as t

MODEL = "demo"


def record(
    user: str,
    seconds: float,
    items: Iterable[str] = ("a", "b"),
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Returns a record of a list that a user was recommended at a time, with other values."""
    listed = list(items)
    fields = {
        t.REQUEST_ID: "0" * 32,
        t.ROW: 0,
        t.TIMESTAMP_MS: round(seconds * 1000),
        t.MODEL: MODEL,
        t.VERSION: 1,
        t.LABEL: "stable",
        t.SIGNATURE: "serving_default",
        t.USER_ID: user,
        t.USER_KEY: "",
        t.SAMPLE: 1.0,
        t.HISTORY_LENGTH: 2,
        t.HISTORY_ITEM_IDS: ["c", "gone"],
        t.K: 2,
        t.ITEM_IDS: listed,
        t.SCORES: [1.0 - 0.1 * rank for rank in range(len(listed))],
        t.EVENT_TYPE: t.RECOMMENDED,
    }
    return {**fields, **values}


def write(path: Path, records: Iterable[Any]) -> Path:
    """Writes a file of a traffic log."""
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def traffic(folder: Path, records: Iterable[Any]) -> Traffic:
    """Returns the traffic of some records, which are written to a file."""
    return read_traffic([str(write(folder / "traffic-x.jsonl", records))], MODEL)
