"""Times that are not one column of a record: several columns, or the order of the rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.readers.records import Rows, Values
from components.records.column_values import ConvertedColumn, to_list
from schemas.errors import InputError
from schemas.events import MICROSECONDS_PER_SECOND

# Each row is one second. Files begin at multiples of this number of seconds.
_SECONDS_PER_FILE = 1 << 28
_MAX_FILES = 900


def join_columns(rows: Rows, widths: Sequence[int]) -> Rows:
    """Joins adjacent columns whose texts together are one value, such as a date and a time.

    Args:
      rows: Records of one file.
      widths: How many of `rows.columns` form each of the resulting columns.

    Returns:
      The rows with one column for each of `widths`. Joined texts have a space between them; a row
      without one of the parts is missing.
    """
    if all(width == 1 for width in widths):
        return rows
    columns, begin = [], 0
    for width in widths:
        parts = rows.columns[begin : begin + width]
        columns.append(parts[0] if width == 1 else _joined(parts))
        begin += width
    return replace(rows, columns=tuple(columns))


def _joined(parts: Sequence[Values]) -> list[str | None]:
    texts = [[_text(value) for value in to_list(part)] for part in parts]
    return [
        None if any(not text for text in row) else " ".join(text for text in row if text)
        for row in zip(*texts, strict=True)
    ]


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value).strip()


def row_order_times(lines: npt.NDArray[np.int64], file: int, path: str) -> ConvertedColumn:
    """Returns times that only state the order of the rows, one second apart.

    Args:
      lines: [num_rows] line or row numbers.
      file: Index of the file among the sorted files.
      path: The path of the file.

    Raises:
      InputError: There are too many files, or too many rows in the file.
    """
    if file >= _MAX_FILES or (len(lines) and lines[-1] >= _SECONDS_PER_FILE):
        raise InputError(
            f"{path}: with interactions.fields.timestamp row_order, a log has at most {_MAX_FILES} "
            f"files of at most {_SECONDS_PER_FILE - 1} lines each: divide it differently"
        )
    times_us = (file * _SECONDS_PER_FILE + lines) * MICROSECONDS_PER_SECOND
    # Events of one line (`explode`) follow each other by a microsecond.
    place_in_line = np.arange(len(lines)) - np.searchsorted(lines, lines)
    return ConvertedColumn(pa.array(times_us + place_in_line))


def row_of_time(timestamp_s: int) -> str:
    """Returns the row of a time that `row_order_times` returned, for a report."""
    file, line = divmod(timestamp_s, _SECONDS_PER_FILE)
    return f"file {file + 1}, line {line}"
