"""Records of files in every format and compression."""

import bz2
import gzip
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from components.readers.read import find_columns, read_records
from schemas.data_settings import InteractionsSettings
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceFormat
from tests.components.readers.format_files import settings

JSON = b'{"user": "u", "item": {"id": 7}, "time": 5}\n'


def values(path: Path, source: InteractionsSettings, *columns: str) -> list[Any]:
    """Returns (line, values) of records and (line, reason) of rejections."""
    return [
        (found.line, found.reason if isinstance(found, Reject) else found.values)
        for found in read_records(str(path), source, columns)
    ]


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".zst", zstandard.ZstdCompressor().compress),
    ],
)
def test_compression_is_determined_by_the_suffix(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"log.jsonl{suffix}"
    path.write_bytes(compress(JSON * 3))
    assert values(path, settings("jsonl"), "user", "item.id") == [(n, ("u", 7)) for n in (1, 2, 3)]


def test_all_zstd_frames_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.zst"
    path.write_bytes(zstandard.compress(JSON * 50_000) + zstandard.compress(JSON))
    assert len(values(path, settings("jsonl"), "user")) == 50_001


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".zst", zstandard.compress)],
)
def test_truncated_file_is_named(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"log.jsonl{suffix}"
    whole = compress(b"".join(b'{"user": %d}\n' % (n * n) for n in range(2_000)))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"log\.jsonl.*copy it again"):
        values(path, settings("jsonl"), "user")


def test_only_invalid_json_lines_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf" + JSON + b"{broken\r\n\n[1]\n" + b'{"user": "\xff"}\n' + b'{"item.id": 3}'
    )
    assert values(path, settings("jsonl"), "user", "item.id") == [
        (1, ("u", 7)),
        (2, RejectReason.UNPARSEABLE),
        (4, RejectReason.UNPARSEABLE),
        (5, RejectReason.UNPARSEABLE),
        (6, (None, 3)),
    ]


def test_csv_with_a_header_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes("\ufeffitem, user\r\n1,é\n2\n3,x,y\n".encode())
    assert values(path, settings("csv"), "user", "item") == [
        (2, ("é", "1")),
        (3, RejectReason.UNPARSEABLE),
        (4, RejectReason.UNPARSEABLE),
    ]


def test_csv_with_a_configured_header_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "movies.dat"
    path.write_bytes(b"1::Am\xe9lie (2001)::Comedy|Romance\n2::M::Drama\n")
    layout: dict[str, Any] = {"delimiter": "::", "header": ("movie", "title", "genres")}
    assert values(path, settings("csv", encoding="latin-1", **layout), "title", "movie") == [
        (1, ("Amélie (2001)", "1")),
        (2, ("M", "2")),
    ]
    assert values(path, settings("csv", **layout), "title", "movie") == [
        (1, RejectReason.UNPARSEABLE),
        (2, ("M", "2")),
    ]


def test_unsupported_encodings_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b\n", encoding="utf-7")
    for encoding in ("cp037", "no-such"):
        with pytest.raises(InputError, match=r"csv\.encoding"):
            values(path, settings("csv", encoding=encoding), "a")


def test_parquet_values_keep_their_types(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    table = {
        "user": [1, 2],
        "item": pa.array([{"id": "a"}, None]),
        "time": pa.array([0, 1_000], pa.timestamp("ns")),
    }
    pq.write_table(pa.table(table), path)
    assert values(path, settings("parquet"), "user", "item.id", "time") == [
        (1, (1, "a", datetime(1970, 1, 1))),
        (2, (2, None, datetime(1970, 1, 1, 0, 0, 0, 1))),
    ]


def test_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    path.write_bytes(b"PAR1 nothing of the sort PAR1")
    with pytest.raises(InputError, match=r"log\.parquet is damaged.*not a readable Parquet"):
        values(path, settings("parquet"), "user")


def test_existing_and_missing_columns(tmp_path: Path) -> None:
    jsonl, csv, parquet = (tmp_path / f"log.{suffix}" for suffix in ("jsonl", "csv", "parquet"))
    jsonl.write_bytes(b"{broken\n" + JSON)
    csv.write_text("user,item,time\n")
    pq.write_table(pa.table({"user": [1], "item": [2], "time": [3]}), parquet)
    files: list[tuple[Path, SourceFormat]] = [(jsonl, "jsonl"), (csv, "csv"), (parquet, "parquet")]
    for path, file_format in files:
        found = find_columns(str(path), settings(file_format), ("time", "usr"))
        assert found[:2] == (["user", "item", "time"], ["usr"])
    assert find_columns(str(jsonl), settings("jsonl"), ("item.id", "item.no"))[1] == ["item.no"]
