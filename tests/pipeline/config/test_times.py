"""Tests of the settings of times: formats, several columns, and logs without time."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_settings
from schemas.data_settings import ROW_ORDER
from tests.pipeline.config.test_load import MINIMAL, rejection, write

ORDER = ("interactions.fields.timestamp=row_order", "split.policy=leave_one_out")
FORMAT = 'interactions.timestamp_format="%d/%m/%Y"'
ITEMS = "items={path: i.csv, format: csv, fields: {item_id: i}, features: {a: FEATURE}}"


def feature(text: str) -> str:
    return ITEMS.replace("FEATURE", text)


def test_times_in_one_column_several_or_none(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    assert not load_settings(path).interactions.has_row_order
    two = load_settings(path, ("interactions.fields.timestamp=[day, time]", FORMAT)).interactions
    assert two.timestamp_columns == ("day", "time")
    order = load_settings(path, ORDER).interactions
    assert (order.has_row_order, order.timestamp_columns) == (True, ())
    listed = load_settings(path, (f"interactions.fields.timestamp=[{ROW_ORDER}]",)).interactions
    assert (listed.has_row_order, listed.timestamp_columns) == (False, (ROW_ORDER,))


@pytest.mark.parametrize(
    ("overrides", "part"),
    [
        ((ORDER[0],), "split.policy temporal is impossible; set split.policy: leave_one_out"),
        ((*ORDER, "interactions.reject={earliest: 2020-01-01}"), "interactions.reject.earliest"),
        ((*ORDER, "interactions.timestamp_unit=ms"), "interactions.timestamp_unit: has no meaning"),
        ((FORMAT, "interactions.timestamp_unit=ms"), "timestamp_format replaces timestamp_unit"),
        (('interactions.timestamp_format="%d"',), "interactions.timestamp_format: '%d': the year"),
        (("interactions.fields.timestamp=[]",), "interactions.fields.timestamp"),
        (("interactions.fields.timestamp=[day, day]",), "timestamp and timestamp are both read"),
        ((feature("{kind: number, timestamp_unit: ms}"),), "items.features.a.timestamp_unit"),
        (
            (feature('{kind: timestamp, timestamp_format: "%H"}'),),
            "items.features.a.timestamp_form",
        ),
        (
            (feature('{kind: timestamp, timestamp_unit: ms, timestamp_format: "%Y"}'),),
            "items.features.a: timestamp_unit and timestamp_format exclude each other",
        ),
    ],
)
def test_contradictions_are_errors(tmp_path: Path, overrides: Any, part: str) -> None:
    assert part in rejection(tmp_path, MINIMAL, *overrides)


def test_a_log_without_time_is_told_what_to_do(tmp_path: Path) -> None:
    interactions = {**MINIMAL["interactions"], "fields": {"user_id": "u", "item_id": "i"}}
    message = rejection(tmp_path, MINIMAL | {"interactions": interactions})
    for part in ("their times separate train, eval and test", "row_order", "leave_one_out"):
        assert part in message
