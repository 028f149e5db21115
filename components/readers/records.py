"""Records of a source, in batches of columns and one by one, and how values are found by name."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from schemas.events import Reject

# Python values, None where absent, or an Arrow array, null where absent.
Values: TypeAlias = list[Any] | pa.Array


class Record(NamedTuple):
    """One record: its 1-based line or row, the wanted values (None where absent), its text."""

    line: int
    values: tuple[Any, ...]
    raw: bytes | str | None

    def text(self) -> str:
        """The record as it was read; the wanted values as JSON where the format has no text."""
        if isinstance(self.raw, bytes):
            return self.raw.decode("utf-8", "backslashreplace")
        if self.raw is None:
            return json.dumps(self.values, ensure_ascii=False, default=_as_text)
        return self.raw


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class Rows:
    """Consecutive readable records of one file, column by column.

    Attributes:
      lines: [num_rows] int64, 1-based line or row numbers, ascending.
      columns: One per wanted column, each of length num_rows.
      texts: The records as they were read; None where the format has no text.
    """

    lines: np.ndarray
    columns: tuple[Values, ...]
    texts: Sequence[bytes | str] | None = None

    @staticmethod
    def none(num_columns: int) -> "Rows":
        """No rows."""
        return Rows(np.zeros(0, np.int64), ([],) * num_columns, [])

    def __len__(self) -> int:
        return len(self.lines)

    def text(self, row: int) -> str:
        """The record as it was read; the wanted values as JSON where the format has no text."""
        values = tuple([python_values(column[row : row + 1])[0] for column in self.columns])
        return Record(0, values, None if self.texts is None else self.texts[row]).text()

    def as_texts(self) -> list[str]:
        """`text` of every row."""
        if self.texts is None:
            return [record.text() for record in self.records()]
        return [Record(0, (), text).text() for text in self.texts]

    def where(self, is_wanted: np.ndarray) -> "Rows":
        """The rows at which `is_wanted`, [num_rows] bool, is true."""
        texts = None if self.texts is None else list(compress(self.texts, is_wanted))
        columns = tuple(
            list(compress(column, is_wanted))
            if isinstance(column, list)
            else column.filter(pa.array(is_wanted))
            for column in self.columns
        )
        return Rows(self.lines[is_wanted], columns, texts)

    def records(self) -> Iterator[Record]:
        """The rows one by one, with Python's values."""
        columns = [python_values(column) for column in self.columns]
        values = zip(*columns, strict=True) if columns else repeat((), len(self))
        texts = repeat(None, len(self)) if self.texts is None else self.texts
        return map(Record, self.lines.tolist(), values, texts)


class ReadBatch(NamedTuple):
    """Consecutive records of one file: those that could be read, and those that could not."""

    rows: Rows
    rejects: list[Reject]


def python_values(values: Values) -> list[Any]:
    """Values as Python's; those that Python cannot hold (the year 300000) as a description."""
    if isinstance(values, list):
        return values
    try:
        return values.to_pylist()
    except (ValueError, OverflowError, LookupError, pa.ArrowException):
        return [_python_value(values[row : row + 1]) for row in range(len(values))]


def _python_value(value: pa.Array) -> Any:
    try:
        return value.to_pylist()[0]
    except (ValueError, OverflowError, LookupError, pa.ArrowException) as error:
        return f"unreadable {value.type}: {error}"


def top_column(name: str, names: list[str]) -> str:
    return name if name in names else name.split(".", 1)[0]


def getter(name: str) -> Callable[[dict[str, Any]], Any]:
    """Looks a name up: as a key, else as a dotted path."""
    if "." not in name:
        return lambda record: record.get(name)
    parts = name.split(".")

    def get(record: dict[str, Any]) -> Any:
        if name in record:
            return record[name]
        value: Any = record
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return get


def has_column(record: dict[str, Any], name: str) -> bool:
    return name in record or getter(name)(record) is not None
