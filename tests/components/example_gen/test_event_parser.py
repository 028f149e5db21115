"""Tests of the parsers: records are valid, rejected with a reason, or erased."""

import math
from typing import Any

import numpy as np
import pyarrow as pa

from components.example_gen.event_parser import EventParser, UserParser
from components.readers.records import Rows
from components.records.arrow_rows import file_and_line
from components.records.erase import WITHHELD_DETAIL, ErasedIds
from schemas.data_settings import InteractionFields, InteractionsSettings, UserFields, UsersSettings
from schemas.events import RejectReason
from schemas.features import Feature
from schemas.source_settings import FeatureKind

DEVICE = Feature("device", FeatureKind.CATEGORY, "dev")
PRICE = Feature("price", FeatureKind.NUMBER, "cost")


def parser(erased: ErasedIds = ErasedIds(), **fields: Any) -> EventParser:  # noqa: B008
    names = InteractionFields(user_id="u", item_id="i", timestamp="t", **fields)
    settings = InteractionsSettings(path="log", format="jsonl", fields=names)
    return EventParser(settings, (DEVICE, PRICE), erased)


def rows(*records: tuple[Any, ...]) -> Rows:
    """Returns records on lines 1, 3, 5, … whose texts are their values."""
    lines = np.arange(1, 2 * len(records), 2)
    columns = tuple(list(column) for column in zip(*records, strict=True))
    return Rows(lines, columns, [repr(record) for record in records])


def test_columns_are_read_in_the_order_in_which_they_are_parsed() -> None:
    assert parser(value="v", event_id="e").columns == ("u", "t", "i", "v", "e", "dev", "cost")


def test_events_have_every_column_and_their_position() -> None:
    parsed = parser().parse(
        rows((7, "12.5", " a ", "web", "1.5"), ("b", 3, "é", None, None)), 2, ""
    )
    assert parsed.rejects == []
    first, second = parsed.batch.to_pylist()
    assert file_and_line(first.pop("position")) == (2, 1)
    assert file_and_line(second.pop("position")) == (2, 3)
    assert math.isnan(first.pop("value"))
    assert first == {
        "user_id": "7",
        "item_id": "a",
        "time_us": 12_500_000,
        "event_type": "",
        "event_id": "",
        "context.device": "web",
        "context.price": 1.5,
    }
    assert (second["user_id"], second["item_id"]) == ("b", "é")
    assert second["context.device"] == ""
    assert math.isnan(second["context.price"])


def test_the_first_invalid_field_is_the_reason_and_valid_records_remain() -> None:
    parsed = parser(value="v").parse(
        rows(
            ("", "x", "i", 1, "", 0),
            ("u", "x", "", "much", "", 0),
            ("u", 1, "i", "much", "", 0),
            ("u", 1, "i", 1, "", 0),
            ("u", 1, "i", 1, [], 0),
        ),
        0,
        "log",
    )
    assert [(reject.line, reject.reason) for reject in parsed.rejects] == [
        (1, RejectReason.MISSING_FIELD),
        (3, RejectReason.BAD_TIMESTAMP),
        (5, RejectReason.BAD_VALUE),
        (9, RejectReason.BAD_VALUE),
    ]
    assert parsed.rejects[2].raw == "('u', 1, 'i', 'much', '', 0)"
    assert parsed.rejects[3].detail.startswith("device is a list")
    assert parsed.batch.num_rows == 1


def test_records_of_erased_ids_are_only_counted() -> None:
    erased = ErasedIds(frozenset({"gone"}), frozenset({"banned"}))
    parsed = parser(erased).parse(
        rows(
            ("gone", "noon", "i", "", 0),
            ("u", 1, "banned", "", 0),
            ("u", "noon", "i", "", 0),
            (None, 1, "i", "", 0),
            ("u", 1, "i", "", 0),
        ),
        0,
        "log",
    )
    assert parsed.num_erased == 2
    assert parsed.batch.column(0).to_pylist() == ["u"]
    assert [(reject.line, reject.detail == WITHHELD_DETAIL) for reject in parsed.rejects] == [
        (5, False),
        (7, True),
    ]
    assert parsed.rejects[1].raw == ""


def test_rows_of_users_have_the_original_text() -> None:
    settings = UsersSettings(path="users", format="csv", fields=UserFields(user_id="id"))
    users = UserParser(settings, (PRICE,), ErasedIds())
    parsed = users.parse(rows(("a", "1"), ("b", "much")), 0, "users")
    assert parsed.batch.to_pylist() == [
        {"user_id": "a", "position": 1, "text": "('a', '1')", "feature.price": 1.0}
    ]
    assert [reject.reason for reject in parsed.rejects] == [RejectReason.BAD_VALUE]


def test_arrow_columns_are_parsed() -> None:
    arrow = (pa.array([7, 8]), pa.array([1.5, 2]), pa.array(["a", "b"]), pa.nulls(2), pa.nulls(2))
    parsed = parser().parse(Rows(np.array([1, 2]), arrow), 0, "log")
    assert parsed.batch.column(0).to_pylist() == ["7", "8"]
    assert parsed.batch.column(2).to_pylist() == [1_500_000, 2_000_000]
