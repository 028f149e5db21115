"""Lists of which each element is a record, in every format that has lists."""

import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.examples.tfrecord import frame
from components.readers.read import read_for_text, read_records
from components.readers.records import Record
from components.readers.source_columns import check_source
from pipeline.config import parse_settings
from schemas.data_settings import InteractionFields, InteractionsSettings
from schemas.errors import InputError
from schemas.events import Reject
from schemas.source_settings import SourceFormat
from tests.components.readers.format_files import to_example

FIELDS = InteractionFields(
    user_id="session", item_id="events.aid", timestamp="events.ts", event_type="events.type"
)
COLUMNS = ("session", "events.aid", "events.ts", "events.type")
EVENT_SCHEMA = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "aid", "type": "long"},
        {"name": "ts", "type": "long"},
        {"name": "type", "type": ["null", "string"]},
    ],
}
AVRO_SCHEMA = {
    "type": "record",
    "name": "session",
    "fields": [
        {"name": "session", "type": "long"},
        {"name": "events", "type": ["null", {"type": "array", "items": EVENT_SCHEMA}]},
    ],
}
SESSIONS = [
    {
        "session": 1,
        "events": [{"aid": 7, "ts": 10, "type": "click"}, {"aid": 8, "ts": 11, "type": None}],
    },
    {"session": 2, "events": []},
    {"session": 3, "events": [{"aid": 7, "ts": 12, "type": "cart"}]},
]
EVENT = st.fixed_dictionaries(
    {
        "aid": st.integers(0, 9),
        "ts": st.integers(0, 10**15),
        "type": st.sampled_from(["clicks", "carts", None]),
    }
)
LISTS = st.lists(EVENT, max_size=4)


def write(path: Path, file_format: SourceFormat, rows: list[dict[str, Any]]) -> None:
    if file_format == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif file_format == "parquet":
        event = pa.struct([("aid", pa.int64()), ("ts", pa.int64()), ("type", pa.string())])
        schema = pa.schema([("session", pa.int64()), ("events", pa.list_(event))])
        pq.write_table(pa.Table.from_pylist(rows, schema), path)
    elif file_format == "avro":
        with path.open("wb") as file:
            fastavro.writer(file, AVRO_SCHEMA, rows)
    else:
        texts = (
            "".join(f'"{json.dumps(row[name]).replace(chr(34), chr(34) * 2)}",' for name in row)
            for row in rows
        )
        path.write_text("session,events\n" + "".join(f"{text[:-1]}\n" for text in texts))


def source(path: Path, file_format: SourceFormat, **changes: Any) -> InteractionsSettings:
    return InteractionsSettings(
        **{
            "path": str(path),
            "format": file_format,
            "fields": FIELDS,
            "explode": "events",
            **changes,
        }
    )


@pytest.mark.parametrize("file_format", ["jsonl", "parquet", "avro", "csv"])
@given(lists=st.lists(LISTS, min_size=1, max_size=5))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_elements_are_records(
    tmp_path: Path, file_format: SourceFormat, lists: list[list[dict[str, Any]]]
) -> None:
    path = tmp_path / "log"
    write(path, file_format, [{"session": n, "events": events} for n, events in enumerate(lists)])
    found = list(read_records(str(path), source(path, file_format), COLUMNS))
    expected = [
        (n, str(n) if file_format == "csv" else n, event["aid"], event["ts"], event["type"])
        for n, events in enumerate(lists)
        for event in events
    ]
    first = 2 if file_format == "csv" else 1
    values = [
        (record.line - first, *record.values) for record in found if isinstance(record, Record)
    ]
    assert values == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("file_format", ["jsonl", "parquet", "avro", "csv"])
def test_columns_are_checked_at_launch(tmp_path: Path, file_format: SourceFormat) -> None:
    path = tmp_path / "log"
    write(path, file_format, SESSIONS)
    assert check_source("interactions", source(path, file_format)) == (str(path),)
    missing = InteractionFields(user_id="session", item_id="events.no", timestamp="events.ts")
    if file_format != "csv":  # The lists of CSV are texts.
        with pytest.raises(InputError, match=r"fields\.item_id: .* no column 'events\.no'"):
            check_source("interactions", source(path, file_format, fields=missing))
    with pytest.raises(InputError, match="no column 'no'"):
        check_source(
            "interactions",
            source(
                path,
                file_format,
                explode=("events", "no"),
                fields=InteractionFields(user_id="session", item_id="events.aid", timestamp="no"),
            ),
        )
    flat = InteractionFields(user_id="user", item_id="item", timestamp="events.ts")
    with pytest.raises(InputError, match="no field is read from the elements of session"):
        check_source(
            "interactions", source(path, file_format, explode=("events", "session"), fields=flat)
        )


@pytest.mark.parametrize("file_format", ["jsonl", "parquet", "avro"])
def test_without_explode_the_error_names_the_list_and_the_key(
    tmp_path: Path, file_format: SourceFormat
) -> None:
    path = tmp_path / "log"
    write(path, file_format, SESSIONS)
    with pytest.raises(InputError, match="events is a list: set explode: events"):
        check_source("interactions", source(path, file_format, explode=None))


def test_lists_in_objects_and_lists_of_values(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [
        {"user": {"id": 1}, "data": {"items": ["a", "b"], "times": [1, 2]}},
        {"user": {"id": 2}, "data": {"items": ["c"], "times": [3, 4]}},
        {"user": {"id": 3}, "data": {"items": "d", "times": [5]}},
        {"user": {"id": 4}, "data": {"times": []}},
        {"user": {"id": 5}, "data": {"items": '["e"]', "times": [6]}},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fields = InteractionFields(user_id="user.id", item_id="data.items", timestamp="data.times")
    settings = source(path, "jsonl", fields=fields, explode=("data.items", "data.times"))
    check_source("interactions", settings)
    found = list(read_records(str(path), settings, ("data.times", "user.id", "data.items")))
    assert [record.values for record in found if isinstance(record, Record)] == [
        (1, 1, "a"),
        (2, 1, "b"),
        (6, 5, "e"),
    ]
    rejects = {record.line: record for record in found if isinstance(record, Reject)}
    assert "data.items has 1, data.times has 2 elements" in rejects[2].detail
    assert "data.items is a str, expected a list" in rejects[3].detail
    assert rejects[4].reason == "missing_field"
    assert rejects[4].raw == json.dumps(rows[3])


def test_features_of_tf_examples(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"user": "u", "items": ["a", "b"], "times": [1, 2]},
        {"user": "v", "items": ["c"], "times": [3]},
        {"user": "w", "items": [], "times": []},
    ]
    path = tmp_path / "log.tfrecord"
    path.write_bytes(frame(pa.array([to_example(row) for row in rows], pa.binary())))
    fields = InteractionFields(user_id="user", item_id="items", timestamp="times")
    settings = source(path, "tfrecord", fields=fields, explode=("items", "times"))
    check_source("interactions", settings)
    found = list(read_records(str(path), settings, ("user", "items", "times")))
    assert [record.values for record in found if isinstance(record, Record)] == [
        (b"u", b"a", 1),
        (b"u", b"b", 2),
        (b"v", b"c", 3),
    ]
    assert len(found) == 3


def test_nanosecond_times_in_parquet(tmp_path: Path) -> None:
    event = pa.struct(
        [("aid", pa.int64()), ("ts", pa.timestamp("ns", "UTC")), ("type", pa.string())]
    )
    lists = pa.array([[{"aid": 1, "ts": 1_500_000_000_123_456_789, "type": "x"}]], pa.list_(event))
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"session": pa.array([1]), "events": lists}), path, version="2.6")
    (record,) = read_records(str(path), source(path, "parquet"), COLUMNS)
    assert record.values[2].isoformat() == "2017-07-14T02:40:00.123456+00:00"  # type: ignore[union-attr]


@pytest.mark.parametrize("file_format", ["jsonl", "parquet", "avro", "csv"])
def test_the_original_record_is_the_whole_list(tmp_path: Path, file_format: SourceFormat) -> None:
    path = tmp_path / "log"
    write(path, file_format, SESSIONS)
    rows = list(read_for_text(str(path), source(path, file_format), COLUMNS))
    lines = [line for part in rows for line in part.lines.tolist()]
    assert len(set(lines)) == len(lines)
    texts = [text for part in rows for text in part.as_texts()]
    assert "click" in texts[0]


def test_queries_use_unnest() -> None:
    values = {
        "name": "shop",
        "output": "runs/shop",
        "interactions": {
            "query": "SELECT 1",
            "format": "bigquery",
            "explode": "events",
            "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
        },
    }
    with pytest.raises(InputError, match=r"interactions\.explode: .* use UNNEST in SQL"):
        parse_settings(values, "c.yaml")
