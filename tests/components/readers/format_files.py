"""Writes the same records as files of every format."""

import bz2
import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
import zstandard

from components.examples.tfrecord import frame
from schemas.data_settings import InteractionFields, InteractionsSettings
from schemas.source_settings import CsvSettings, SourceFormat

DamagedFiles: TypeAlias = Literal["fail", "reject"]

FIELDS = InteractionFields(user_id="user", item_id="item", timestamp="time")
COLUMNS = ("user", "item", "time")
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
}
AVRO_SCHEMA = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "user", "type": ["null", "string"]},
        {"name": "item", "type": "string"},
        {"name": "time", "type": "long"},
    ],
}

Event = dict[str, Any]


def events(count: int) -> list[Event]:
    """Returns records with values that differ from row to row."""
    return [
        {"user": f"u{n % 7}", "item": f"i{n * n}", "time": 1_700_000_000 + n} for n in range(count)
    ]


def settings(
    file_format: SourceFormat, damaged_files: DamagedFiles = "fail", **csv: Any
) -> InteractionsSettings:
    """Returns the settings of a log in the given format."""
    return InteractionsSettings(
        path="",
        format=file_format,
        fields=FIELDS,
        csv=CsvSettings(**csv),
        damaged_files=damaged_files,
    )


def configuration(**layout: Any) -> dict[str, Any]:
    """Returns a configuration of the pipeline with a CSV log, and sections of its layout."""
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
    log = {"path": "log.csv", "format": "csv", "fields": fields, **layout}
    return {"name": "shop", "output": "runs/shop", "interactions": log}


def to_jsonl(rows: list[Event]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def to_csv(rows: list[Event]) -> bytes:
    lines = [",".join(COLUMNS), *(f"{row['user']},{row['item']},{row['time']}" for row in rows)]
    return "".join(line + "\n" for line in lines).encode()


def to_parquet(rows: list[Event], rows_per_group: int = 20, compression: str = "snappy") -> bytes:
    file = io.BytesIO()
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, file, row_group_size=rows_per_group, compression=compression)
    return file.getvalue()


def to_avro(rows: Sequence[Any], codec: str = "deflate", schema: Any = None) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, schema or AVRO_SCHEMA, rows, codec, sync_interval=200)
    return file.getvalue()


def to_example(row: Event) -> bytes:
    """Returns a tf.Example; lists become features with several values."""
    example = tf.train.Example()
    for name, value in row.items():
        feature = example.features.feature[name]
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, int):
                feature.int64_list.value.append(each)
            elif isinstance(each, float):
                feature.float_list.value.append(each)
            else:
                feature.bytes_list.value.append(each.encode())
    return example.SerializeToString()


def to_tfrecord(rows: list[Event]) -> bytes:
    return frame(pa.array([to_example(row) for row in rows], pa.binary()))


WRITERS: dict[SourceFormat, Callable[[list[Event]], bytes]] = {
    "jsonl": to_jsonl,
    "csv": to_csv,
    "parquet": to_parquet,
    "avro": to_avro,
    "tfrecord": to_tfrecord,
}
