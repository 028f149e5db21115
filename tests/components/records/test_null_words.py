"""Tests of null words: a setting of the source that ids, values, times and features obey."""

import math
from functools import partial
from typing import Any

import pyarrow as pa
import pytest

from components.records.column_values import convert_categories, convert_ids, convert_numbers
from components.records.null_words import blank_null_words, null_words, obey_null_words
from components.records.timestamps import convert_timestamps
from schemas.events import RejectReason
from schemas.source_settings import SourceSettings


def words(is_number: bool, listed: tuple[str, ...] | None = None) -> frozenset[str]:
    source = SourceSettings(path="a.csv", format="csv", null_values=listed)
    return null_words(source, is_number)


@pytest.mark.parametrize("values", [["NULL", " nan ", "\\N", "<NA>"], [b"NULL", b"nan"]])
@pytest.mark.parametrize("as_arrow", [False, True])
def test_usual_words_are_missing_in_every_column(values: list[Any], as_arrow: bool) -> None:
    column = pa.array(values) if as_arrow else values
    ids = obey_null_words(partial(convert_ids, name="user_id"), words(False), "user_id")(column)
    reasons = {failure.reason for failure in ids.failures.values()}
    assert (len(ids.failures), reasons) == (len(values), {RejectReason.MISSING_FIELD})
    assert "'NULL', a word for a missing value; if it is a value" in ids.failures[0].detail
    category = obey_null_words(partial(convert_categories, name="x"), words(False), "x")(column)
    assert category.values.to_pylist() == [""] * len(values)
    numbers = obey_null_words(partial(convert_numbers, name="x"), words(True), "x")(column)
    assert all(math.isnan(value) for value in numbers.values.to_pylist())
    times = obey_null_words(partial(convert_timestamps, unit="s"), words(True), "timestamp")(column)
    assert {failure.reason for failure in times.failures.values()} == {RejectReason.MISSING_FIELD}


def test_words_that_can_be_values_are_missing_in_numbers_only() -> None:
    column = ["NA", "None", "12"]
    numbers = obey_null_words(partial(convert_numbers, name="x"), words(True), "x")(column)
    assert not numbers.failures
    assert [math.isnan(value) for value in numbers.values.to_pylist()] == [True, True, False]
    country = obey_null_words(partial(convert_categories, name="x"), words(False), "x")(column)
    assert country.values.to_pylist() == column


def test_the_list_of_the_source_replaces_the_words() -> None:
    for is_number in (False, True):
        assert words(is_number, ("-",)) == {"-"}
        assert words(is_number, ()) == frozenset()
    column = ["nan", "-"]
    ids = obey_null_words(partial(convert_ids, name="x"), words(False, ("-",)), "x")(column)
    assert (ids.values[0].as_py(), list(ids.failures)) == ("nan", [1])


def test_other_values_are_unchanged() -> None:
    mixed = ["NULL", 3, None, [1], 2.5, True]
    blanked, is_null = blank_null_words(mixed, words(False))
    assert blanked == [None, *mixed[1:]]
    assert is_null is not None
    assert is_null.tolist() == [True] + [False] * 5
    for column in (["a", "null and void", ""], pa.array([1, None]), [], pa.array(["a"])):
        assert blank_null_words(column, words(True)) == (column, None)
