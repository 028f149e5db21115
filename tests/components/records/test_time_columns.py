"""Tests of times in several columns, and of the order of rows as time."""

import numpy as np
import pyarrow as pa
import pytest

from components.readers.records import Rows
from components.records.time_columns import join_columns, row_of_time, row_order_times
from schemas.errors import InputError


def test_adjacent_columns_are_joined_by_a_space() -> None:
    dates = pa.array(["2014-04-01", "2014-04-02", None])
    rows = Rows(np.arange(3), (["a", "b", "c"], dates, ["10:00", " ", "x"]))
    joined = join_columns(rows, (1, 2))
    assert joined.columns == (["a", "b", "c"], ["2014-04-01 10:00", None, None])
    numbers = Rows(np.arange(1), ([20140401], [930.0], [b"z"]))
    assert join_columns(numbers, (3,)).columns == (["20140401 930 z"],)
    assert join_columns(rows, (1, 1, 1)) is rows


def test_rows_are_in_order_across_lines_and_files() -> None:
    first = row_order_times(np.array([2, 3, 3, 5]), 0, "a").values.to_pylist()
    second = row_order_times(np.array([1]), 1, "b").values.to_pylist()
    assert sorted({*first, *second}) == [*first, *second]
    assert [row_of_time(time // 10**6) for time in (first[0], first[2], second[0])] == [
        "file 1, line 2",
        "file 1, line 3",
        "file 2, line 1",
    ]


@pytest.mark.parametrize(("line", "file"), [(1 << 28, 0), (1, 900)])
def test_too_many_rows_or_files_are_an_error(line: int, file: int) -> None:
    with pytest.raises(InputError, match="row_order"):
        row_order_times(np.array([line]), file, "log.csv")
