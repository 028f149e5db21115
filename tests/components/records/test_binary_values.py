"""Tests of binary ids: kept whole, or rejected, never trimmed or merged."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.records.column_values import ConvertedColumn, convert_categories, convert_ids


def kept(column: ConvertedColumn) -> dict[int, str]:
    """Returns the ids of the rows that are not rejected."""
    values = column.values.to_pylist()
    return {row: value for row, value in enumerate(values) if row not in column.failures}


@given(st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=8))
def test_fixed_size_bytes_are_kept_whole(values: list[bytes]) -> None:
    array = pa.array([None, *values], pa.binary(4))
    for column in (array, array[1:].slice(0), pa.concat_arrays([array[1:]])):
        expected = [value.hex() if value is not None else None for value in column.to_pylist()]
        assert list(kept(convert_ids(column, "u")).values()) == [x for x in expected if x]
        categories = convert_categories(column, "x").values.to_pylist()
        assert categories == [value or "" for value in expected]


@pytest.mark.parametrize("as_arrow", [False, True])
@given(values=st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=8))
def test_bytes_are_text_or_rejected(values: list[bytes], as_arrow: bool) -> None:
    column: Any = pa.array(values, pa.binary()) if as_arrow else values
    for row, text in kept(convert_ids(column, "u")).items():
        # White space that separates words is all that may be trimmed.
        assert values[row].decode().strip(" \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
                                          "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
                                          "\u205f\u3000") == text  # fmt: skip


@pytest.mark.parametrize("key", [b"\x00\x01", b"\tab", b"a\n", b"\xff\xfe", b"\x1f", b"\xc2\x85a"])
@pytest.mark.parametrize("as_arrow", [False, True])
def test_binary_keys_are_rejected_with_a_remedy(key: bytes, as_arrow: bool) -> None:
    column: Any = pa.array([b"a", key], pa.binary()) if as_arrow else [b"a", key]
    converted = convert_ids(column, "item_id")
    assert kept(converted) == {0: "a"}
    assert converted.failures[1].reason.value == "unparseable"
    assert "hexadecimal" in converted.failures[1].detail
