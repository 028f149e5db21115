"""Records of a source, in batches of columns or one by one, and the lookup of values by name."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.events import Reject

# A list of Python values, None where missing, or an Arrow array, null where missing.
Values: TypeAlias = list[Any] | pa.Array


class Record(NamedTuple):
    """One record.

    Attributes:
      line: Its 1-based line or row number.
      values: The values of the wanted columns, None where missing.
      raw: Its text in the file; None where the format has no text.
    """

    line: int
    values: tuple[Any, ...]
    raw: bytes | str | None

    def text(self) -> str:
        """The text of the record; where the format has none, the wanted values as JSON."""
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
      texts: The text of each record; None where the format has no text.
    """

    lines: npt.NDArray[np.int64]
    columns: tuple[Values, ...]
    texts: Sequence[bytes | str] | None = None

    @staticmethod
    def empty(num_columns: int) -> "Rows":
        """Returns zero rows of `num_columns` columns."""
        return Rows(np.zeros(0, np.int64), ([],) * num_columns, [])

    def __len__(self) -> int:
        return len(self.lines)

    def text(self, row: int) -> str:
        """Returns the text of one row; where the format has none, the wanted values as JSON."""
        values = tuple([python_values(column[row : row + 1])[0] for column in self.columns])
        return Record(0, values, None if self.texts is None else self.texts[row]).text()

    def as_texts(self) -> list[str]:
        """Returns the `text` of every row."""
        if self.texts is None:
            return [record.text() for record in self.records()]
        return [Record(0, (), text).text() for text in self.texts]

    def where(self, is_wanted: npt.NDArray[np.bool_]) -> "Rows":
        """Returns the rows at which `is_wanted`, [num_rows] bool, is true."""
        texts = None if self.texts is None else list(compress(self.texts, is_wanted))
        columns = tuple(
            list(compress(column, is_wanted))
            if isinstance(column, list)
            else column.filter(pa.array(is_wanted))
            for column in self.columns
        )
        return Rows(self.lines[is_wanted], columns, texts)

    def records(self) -> Iterator[Record]:
        """Returns the rows one by one, with Python values."""
        columns = [python_values(column) for column in self.columns]
        values = zip(*columns, strict=True) if columns else repeat((), len(self))
        texts = repeat(None, len(self)) if self.texts is None else self.texts
        return map(Record, self.lines.tolist(), values, texts)


class ReadBatch(NamedTuple):
    """Consecutive records of one file: the readable ones, and a rejection for each other one."""

    rows: Rows
    rejects: list[Reject]


def python_values(values: Values) -> list[Any]:
    """Converts values to Python's; those out of Python's range (the year 300000) to a message."""
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


def top_column(name: str, columns: list[str]) -> str:
    """Returns the column that holds a wanted value: `name` itself, else the head of its path.

    >>> top_column("item.id", ["user", "item"])
    'item'
    >>> top_column("item.id", ["user", "item.id"])
    'item.id'
    """
    return name if name in columns else name.split(".", 1)[0]


def getter(name: str) -> Callable[[dict[str, Any]], Any]:
    """Returns a function that looks `name` up in a record: as a key, else as a dotted path.

    >>> get = getter("item.id")
    >>> get({"item": {"id": 7}}), get({"item.id": 8}), get({"item": None})
    (7, 8, None)
    """
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
    """Returns whether a record has the key `name`, or a value at that dotted path."""
    return name in record or getter(name)(record) is not None
