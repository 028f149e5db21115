"""Parquet files as records."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from components.example_gen.files import open_input
from components.example_gen.records import Record, getter, top_column
from schemas.errors import InputError

_ROWS_PER_BATCH = 16_384


def read_parquet(path: str, columns: tuple[str, ...]) -> Iterator[Record]:
    """Records of one file; `line` is the 1-based row."""
    getters = [getter(name) for name in columns]
    with _open(path) as file:
        names = list(file.schema_arrow.names)
        wanted = sorted({top_column(name, names) for name in columns})
        for name in wanted:
            if name not in names:
                raise InputError(f"{path}: no column {name!r} in its schema ({', '.join(names)})")
        number = 0
        for batch in file.iter_batches(_ROWS_PER_BATCH, columns=wanted):
            for row in _microseconds(batch).to_pylist():
                number += 1
                yield Record(number, tuple([get(row) for get in getters]), None)


def parquet_columns(path: str) -> list[str]:
    """The top-level column names of one file."""
    with _open(path) as file:
        return list(file.schema_arrow.names)


@contextmanager
def _open(path: str) -> Iterator[pq.ParquetFile]:
    """A ParquetFile whose errors, at opening and at reading, name the file."""
    with open_input(path) as file:
        try:
            yield pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"{path} is not a readable Parquet file ({error}); write it again, or take it out "
                "of the configured path"
            ) from error


def _microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Time columns in microseconds, which Python's datetime holds exactly."""
    arrays = [
        column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
        if pa.types.is_timestamp(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
