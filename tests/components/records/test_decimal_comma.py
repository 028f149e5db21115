"""Numbers and times with a decimal comma."""

from functools import partial

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers.records import Values
from components.records.column_values import ConvertedColumn, convert_numbers
from components.records.decimal_comma import number_converter, time_converter
from components.records.fields import FieldError, to_number
from components.records.timestamps import convert_timestamps
from schemas.source_settings import CsvSettings, SourceSettings

COMMA = SourceSettings(path="a.csv", format="csv", csv=CsvSettings(delimiter=";", decimal=","))
POINT = SourceSettings(path="a.csv", format="csv")


def numbers(texts: Values, source: SourceSettings = COMMA) -> ConvertedColumn:
    return number_converter(partial(convert_numbers, name="price"), "price", source)(texts)


@given(st.lists(st.floats(-1e30, 1e30) | st.integers(-(10**9), 10**9), min_size=1))
def test_numbers_equal_those_with_a_decimal_point(values: list[float]) -> None:
    with_points = [repr(value) for value in values]
    with_commas = [text.replace(".", ",") for text in with_points]
    expected = numbers(with_points, POINT)
    for texts in (with_commas, pa.array(with_commas), [f" {text} " for text in with_commas]):
        found = numbers(texts)
        assert not found.failures
        assert found.values.equals(expected.values)


@pytest.mark.parametrize("text", ["1.234", "1.234,5", "1,2,3", "12,", "a,5", "1 234,5"])
def test_other_numbers_are_rejected(text: str) -> None:
    for texts in (["2,5", text, ""], pa.array(["2,5", text, ""]), [2.5, text, None]):
        found = numbers(texts)
        assert list(found.failures) == [1]
        assert text in found.failures[1].detail


@pytest.mark.parametrize("text", ["2,55", "-0,5", ",5", " 1.234,56 "])
def test_decimal_comma_is_named_where_a_point_is_expected(text: str) -> None:
    with pytest.raises(FieldError, match=r'set csv\.decimal: ","'):
        to_number(text, "price")
    assert 'set csv.decimal: ","' in numbers([text], POINT).failures[0].detail


def test_numeric_times_may_have_a_decimal_comma() -> None:
    convert = time_converter(partial(convert_timestamps, unit="s"), COMMA)
    assert convert(["12,5", "13"]).values.to_pylist() == [12_500_000, 13_000_000]
    iso = time_converter(partial(convert_timestamps, unit="iso8601"), COMMA)
    times = ["1970-01-01T00:00:01.5", "1970-01-01T00:00:01,5"]
    assert iso(times).values.to_pylist() == [1_500_000, 1_500_000]
