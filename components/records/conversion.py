"""What parsers of records do alike: convert columns, reject the rows that fail."""

from collections.abc import Callable, Mapping

import numpy as np

from components.readers.records import Rows, Values
from components.records.column_values import Converted
from components.records.erase import ErasedIds, withheld
from components.records.fields import FieldError
from schemas.events import Reject

Converter = Callable[[Values], Converted]


def convert_columns(converters: Mapping[str, Converter], rows: Rows) -> dict[str, Converted]:
    """The columns of some records, by the name of their converter, in the same order."""
    return {
        name: convert(values)
        for (name, convert), values in zip(converters.items(), rows.columns, strict=True)
    }


def first_failures(converted: Mapping[str, Converted]) -> dict[int, FieldError]:
    """Of each row that has failures, the one in its first column."""
    failures: dict[int, FieldError] = {}
    for column in reversed(list(converted.values())):
        failures.update(column.failures)
    return failures


def reject_rows(
    rows: Rows, path: str, converted: Mapping[str, Converted], erased: ErasedIds
) -> tuple[list[Reject], np.ndarray]:
    """The rejections of the rows that failed, in file order; erased rows leave none.

    Args:
      rows: Records of one file.
      path: Its path.
      converted: Their columns.
      erased: Whose rows are dropped without a trace.

    Returns:
      The rejections, and [num_rows] bool, which rows are erased.
    """
    is_erased = erased.erased_rows(converted) if erased else np.zeros(len(rows), bool)
    untold = erased.untold_rows(converted)
    rejects = []
    for row, error in sorted(first_failures(converted).items()):
        if not is_erased[row]:
            line = int(rows.lines[row])
            reject = Reject(path, line, error.reason, error.detail, rows.text(row))
            rejects.append(withheld(reject) if row in untold else reject)
    return rejects, is_erased
