"""Records of the log as events."""

import json
import math

from components.example_gen.parse import EventParser
from components.example_gen.records import Record
from components.example_gen.rejects import MAX_RAW_CHARACTERS, to_json_lines
from schemas.data_settings import InteractionFields, InteractionsSettings
from schemas.events import InteractionEvent, Reject, RejectReason
from schemas.features import Feature
from schemas.source_settings import FeatureKind

CONTEXT = (
    Feature("device", FeatureKind.CATEGORY, "dev"),
    Feature("price", FeatureKind.NUMBER, "cost"),
)


def parser(**fields: str) -> EventParser:
    mapped = InteractionFields(user_id="u", item_id="i", timestamp="t", **fields)
    settings = InteractionsSettings(path="", format="jsonl", fields=mapped, timestamp_unit="ms")
    return EventParser(settings, CONTEXT)


def test_columns_are_those_mapped():
    assert parser().columns == ("u", "i", "t", "dev", "cost")
    assert parser(value="v", event_id="e").columns == ("u", "i", "t", "v", "e", "dev", "cost")


def test_every_field_finds_its_place():
    record = Record(9, (1, " a ", 1_500, "buy", "2.5", "e1", "web", None), None)
    event = parser(event_type="k", value="v", event_id="e").parse(record, 3, "log")
    assert isinstance(event, InteractionEvent)
    assert event[:-1] == ("1", 1_500_000, 3, 9, "a", "buy", 2.5, "e1")
    assert event.timestamp == 1
    assert event.context[0] == "web"
    assert math.isnan(event.context[1])


def test_unmapped_fields_are_missing():
    event = parser().parse(Record(1, ("u", "i", 5, "", 0), None), 0, "log")
    assert isinstance(event, InteractionEvent)
    assert (event.event_type, event.event_id) == ("", "")
    assert math.isnan(event.value)


def test_a_refusal_says_where_and_why():
    found = parser().parse(Record(4, ("u", "i", 5, "", "dear"), b'{"cost": "dear"}'), 0, "log")
    assert found == Reject(
        "log",
        4,
        RejectReason.BAD_VALUE,
        "price is 'dear', expected a number",
        '{"cost": "dear"}',
    )


def test_long_records_are_cut_and_say_so():
    long = Reject("log", 1, RejectReason.UNPARSEABLE, "", "é" * 5_000)
    short = Reject("log", 2, RejectReason.UNPARSEABLE, "", "é" * MAX_RAW_CHARACTERS)
    first, second = map(json.loads, to_json_lines([long, short]).decode().splitlines())
    assert first["raw"] == "é" * MAX_RAW_CHARACTERS + "… [cut: 5000 characters]"
    assert second["raw"] == short.raw
