"""The values of each format: nesting, types, missing values and invalid text."""

import io
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.examples.tfrecord import frame
from components.readers.open_input import DamagedFileError
from components.readers.read import find_columns, read_batches, read_records
from components.readers.records import Record, python_values
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceFormat
from tests.components.readers.format_files import (
    Event,
    settings,
    to_avro,
    to_example,
    to_tfrecord,
)

UNPARSEABLE = RejectReason.UNPARSEABLE


def read(
    path: Path, file_format: SourceFormat, data: bytes, *columns: str, **csv: Any
) -> list[Any]:
    """Returns values of records and (line, reason) of rejections."""
    path.write_bytes(data)
    return [
        (found.line, found.reason) if isinstance(found, Reject) else found.values
        for found in read_records(str(path), settings(file_format, **csv), columns)
    ]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'{"a": 1, "a": 2}', 2),
        (b'{"a": 123456789012345678901234567890}', 1.2345678901234568e29),
        (b'{"a": 18446744073709551615}', 2**64 - 1),
        (b'{"a": "\\u0000\\ud83d\\ude00"}', "\0😀"),
        (b'{"b": 1}', None),
        (b'{"a": null}', None),
        (b'{"a": {"b": [1]}}', {"b": [1]}),
        (b'  {"a": 1}\t', 1),
    ],
)
def test_valid_json(tmp_path: Path, line: bytes, value: Any) -> None:
    assert read(tmp_path / "log", "jsonl", line, "a") == [(value,)]


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": "\0"}',
        b'{"a": 1}\0',
        b"\0" * 4096,
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": 1} {"a": 2}',
        b'{"a": 1',
        b'"a"',
        b"null",
    ],
)
def test_only_the_invalid_json_line_is_rejected(tmp_path: Path, line: bytes) -> None:
    found = read(tmp_path / "log", "jsonl", b'{"a": 1}\n' + line + b'\n{"a": 2}', "a")
    assert found == [(1,), (2, UNPARSEABLE), (2,)]


def test_only_malformed_csv_lines_are_rejected(tmp_path: Path) -> None:
    lines = [b"a,b", b"1,\xff", b"1,\0", b"1,2\r3,4", b'1,"x" y', b"1,2", b"a,b"]
    found = read(tmp_path / "log", "csv", b"\n".join(lines), "b")
    assert found == [
        *((line, UNPARSEABLE) for line in (2, 3, 4)),
        ('"x" y',),
        ("2",),
        ("b",),  # a second header is a record, which is rejected later for its values
    ]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"user,item\n"])
def test_csv_without_records(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path / "log", "csv", data, "user") == []
    assert find_columns(str(tmp_path / "log"), settings("csv"), ("user",))[1] == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("user,item\n".encode("utf-16-le"), "NUL.*utf-16-le"),
        (b"us\xffer,item\n", "not utf-8 text.*csv.encoding"),
        (b"user,item\r1,2\r\n3,4\n", "carriage returns"),
        (b'user,"item\n1,2\n', "not closed"),
        (b"x" * 11_000_000 + b"\n", "11000000 bytes: is this a CSV"),
    ],
)
def test_unreadable_csv_header_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=f"header,.*{problem}"):
        read(tmp_path / "log", "csv", data, "user")
    with pytest.raises(InputError, match=f"header,.*{problem}"):
        find_columns(str(tmp_path / "log"), settings("csv"), ("user",))


def test_csv_in_utf_16(tmp_path: Path) -> None:
    data = 'user\titem\né\t"7\t8"\n'.encode("utf-16")
    found = read(tmp_path / "log", "csv", data, "item", "user", delimiter="\t", encoding="utf-16")
    assert found == [("7\t8", "é")]


def test_quote_in_the_delimiter_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"csv\.delimiter"):
        read(tmp_path / "log", "csv", b"a\n", "a", delimiter='"')


def test_quoted_row_may_span_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.readers.lines.MAX_LINES_PER_BLOCK", 2)
    data = b'a,b\n1,2\n3,"x\ny\nz"\n5,6\n7,"stray\n8,9\n'
    path = tmp_path / "log"
    assert read(path, "csv", data, "b") == [("2",), ("x\ny\nz",), ("6",), (7, UNPARSEABLE), ("9",)]


def test_parquet_types(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    times = pa.array([0, None, 10**9], pa.timestamp("ns", "Europe/Paris"))
    columns = {
        "context": pa.array([{"device": {"os": "a"}}, None, {"device": None}]),
        "category": pa.array(["x", None, "x"]).dictionary_encode(),
        "context.id": ["p", "q", "r"],
        "time": times,
        "far": pa.array([0, 2**62, None], pa.timestamp("us")),
        "bytes": pa.array([b"\xff", b"a", None]),
    }
    pq.write_table(pa.table(columns), path, row_group_size=2)
    wanted = ("context.device.os", "category", "context.id", "time", "bytes", "far")
    first, second, third = read_records(str(path), settings("parquet"), wanted)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert isinstance(third, Record)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert first.values == ("a", "x", "p", epoch, b"\xff", datetime(1970, 1, 1))
    assert second.values[:5] == (None, None, "q", None, b"a")
    assert "unreadable timestamp[us]" in second.values[5]
    assert third.values == (None, "x", "r", epoch.replace(second=1), None, None)
    names, missing, *_ = find_columns(str(path), settings("parquet"), (*wanted, "context.no", "no"))
    assert missing == ["context.no", "no"]
    assert "context.device.os" in names


def test_parquet_text_that_is_not_utf_8_is_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    text = pa.array([b"ok", b"\xff"]).view(pa.string())
    pq.write_table(pa.table({"a": text}), path)
    (batch,) = read_batches(str(path), settings("parquet"), ("a",))
    assert python_values(batch.rows.columns[0]) == [b"ok", b"\xff"]
    assert batch.rows.text(1) == '["\\\\xff"]'


def test_avro_types(tmp_path: Path) -> None:
    schema = {
        "type": "record",
        "name": "event",
        "fields": [
            {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "user", "type": ["null", "string", "long"]},
            {
                "name": "context",
                "type": {
                    "type": "record",
                    "name": "context",
                    "fields": [{"name": "device", "type": ["null", "string"]}],
                },
            },
        ],
    }
    moment = datetime(2024, 5, 1, 12, 30, tzinfo=timezone.utc)
    rows = [
        {"time": moment, "user": user, "context": {"device": device}}
        for user, device in (("é", "tv"), (7, None), (None, None), ("bad", None))
    ]
    data = to_avro(rows, "null", schema).replace(b"bad", b"b\xffd")
    path = tmp_path / "log.avro"
    assert read(path, "avro", data, "time", "user", "context.device") == [
        (moment, "é", "tv"),
        (moment, 7, None),
        (moment, None, None),
        (moment, b"b\xffd", None),
    ]
    assert find_columns(str(path), settings("avro"), ("user", "no"))[:2] == (
        ["time", "user", "context"],
        ["no"],
    )


def test_avro_codec_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(decoder: object) -> None:
        raise ValueError("deflate codec is supported but you need to install a library")

    path = tmp_path / "log.avro"
    path.write_bytes(to_avro([{"user": "u", "item": "i", "time": 1}], "deflate"))
    monkeypatch.setitem(fastavro.read.BLOCK_READERS, "deflate", missing)
    with pytest.raises(InputError, match=r"log\.avro: deflate codec.*install") as caught:
        find_columns(str(path), settings("avro"), ("user",))
    assert not isinstance(caught.value, DamagedFileError)


def test_avro_without_records_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a record"):
        read(tmp_path / "log.avro", "avro", to_avro(["a"], "null", "string"), "user")


def test_tfrecord_values(tmp_path: Path) -> None:
    rows: list[Event] = [{"user": "u", "n": [1, 2]}, {"user": "v", "n": 3, "x": 0.5}, {"user": []}]
    path = tmp_path / "log.tfrecord"
    assert read(path, "tfrecord", to_tfrecord(rows), "user", "n", "x", "no") == [
        (b"u", [1, 2], None, None),
        (b"v", 3, 0.5, None),
        (None, None, None, None),
    ]
    assert find_columns(str(path), settings("tfrecord"), ("n", "no"))[1] == ["no"]


def test_only_invalid_examples_are_rejected_and_types_may_differ(tmp_path: Path) -> None:
    good = [to_example({"user": user}) for user in ("u", 5, "w")]
    data = frame(pa.array([good[0], b"\xff\xff", good[1], b"hello", good[2]]))
    path = tmp_path / "log.tfrecord"
    assert read(path, "tfrecord", data, "user") == [
        (b"u",),
        (2, UNPARSEABLE),
        (5,),
        (4, UNPARSEABLE),
        (b"w",),
    ]


@pytest.mark.parametrize("file_format", ["parquet", "avro", "csv"])
def test_missing_column_is_named(tmp_path: Path, file_format: SourceFormat) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"user": ["u"]}), file)
    avro = to_avro([{"user": "u", "item": "i", "time": 1}])
    data = {"parquet": file.getvalue(), "avro": avro, "csv": b"user\nu\n"}[file_format]
    with pytest.raises(InputError, match=r"log: no column 'usr' in its .*user"):
        read(tmp_path / "log", file_format, data, "usr")
