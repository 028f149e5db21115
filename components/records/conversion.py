"""Steps that all record parsers share: convert columns, and reject the rows that fail."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from components.readers.records import Rows, Values
from components.records.column_values import ConvertedColumn
from components.records.erase import ErasedIds, withhold_record
from components.records.fields import FieldError
from components.records.time_ranges import TimeRange
from schemas.events import Reject

Converter = Callable[[Values], ConvertedColumn]


def convert_columns(converters: Mapping[str, Converter], rows: Rows) -> dict[str, ConvertedColumn]:
    """Returns the converted columns by name.

    Args:
      converters: One converter for each of `rows.columns`, in the same order, by column name.
      rows: Records of one file.
    """
    return {
        name: convert(values)
        for (name, convert), values in zip(converters.items(), rows.columns, strict=True)
    }


def times_of(converted: Mapping[str, ConvertedColumn]) -> dict[str, TimeRange]:
    """Returns the range of each column of times, by its name."""
    return {name: column.times for name, column in converted.items() if column.times is not None}


def first_failures(converted: Mapping[str, ConvertedColumn]) -> dict[int, FieldError]:
    """Returns, for each row with failures, the failure of its first failed column."""
    failures: dict[int, FieldError] = {}
    for column in reversed(list(converted.values())):
        failures.update(column.failures)
    return failures


def reject_rows(
    rows: Rows, path: str, converted: Mapping[str, ConvertedColumn], erased: ErasedIds
) -> tuple[list[Reject], npt.NDArray[np.bool_]]:
    """Rejects the rows that failed to convert. Erased rows are dropped without a reject.

    Args:
      rows: Records of one file.
      path: The path of the file.
      converted: The converted columns of `rows`.
      erased: The users and items to erase.

    Returns:
      The rejects in file order, and a [num_rows] bool mask of the erased rows.
    """
    is_erased = erased.erased_rows(converted) if erased else np.zeros(len(rows), bool)
    unidentified = erased.unidentified_rows(converted)
    rejects = []
    for row, error in sorted(first_failures(converted).items()):
        if not is_erased[row]:
            line = int(rows.lines[row])
            reject = Reject(path, line, error.reason, error.detail, rows.text(row))
            rejects.append(withhold_record(reject) if row in unidentified else reject)
    return rejects, is_erased
