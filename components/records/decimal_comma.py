"""Numbers with a decimal comma, as in CSV files of many European countries."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.records import Values
from components.records.column_values import ConvertedColumn
from components.records.conversion import Converter
from components.records.fields import FieldError
from schemas.events import RejectReason
from schemas.source_settings import SourceSettings

_WITH_COMMA = r"^\s*([+-]?\d*),(\d+(?:[eE][+-]?\d+)?)\s*$"


def has_decimal_comma(text: str) -> bool:
    """Returns whether a text is one number with a decimal comma, such as 2,55."""
    return re.match(_WITH_COMMA, text) is not None


def number_converter(convert: Converter, name: str, source: SourceSettings) -> Converter:
    """Returns a converter of numbers that obeys `csv.decimal`.

    With a decimal comma, a number with a point is rejected: it may have a decimal point or a
    separator of thousands.

    Args:
      convert: The converter of numbers with a decimal point.
      name: The name of the column, for rejections.
      source: The settings of the source.
    """
    if source.csv.decimal == ".":
        return convert

    def convert_with_comma(values: Values) -> ConvertedColumn:
        converted = convert(_with_points(values))
        failures = {
            row: FieldError(
                RejectReason.BAD_VALUE,
                f"{name} is {value[:60]!r}, expected a number with a decimal comma, as csv.decimal "
                "states, and without separators of thousands",
            )
            for row, value in _with_a_point(values)
        }
        return replace(converted, failures={**converted.failures, **failures})

    return convert_with_comma


def _with_a_point(values: Values) -> Iterator[tuple[int, str]]:
    """Yields the row and the value of each text that contains a point."""
    if isinstance(values, pa.Array):
        has_point = pc.match_substring(values, ".").fill_null(False).to_numpy(zero_copy_only=False)
        yield from ((row, values[row].as_py()) for row in np.flatnonzero(has_point).tolist())
    else:
        yield from (
            (row, value)
            for row, value in enumerate(values)
            if isinstance(value, str) and "." in value
        )


def time_converter(convert: Converter, source: SourceSettings) -> Converter:
    """Returns a converter of timestamps that accepts a decimal comma if `csv.decimal` states it."""
    if source.csv.decimal == ".":
        return convert

    return lambda values: convert(_with_points(values))


def _with_points(values: Values) -> Values:
    """Replaces the comma of texts that are one number by a point; other values are unchanged."""
    if isinstance(values, pa.Array):
        return pc.replace_substring_regex(values, _WITH_COMMA, r"\1.\2")
    return [
        re.sub(_WITH_COMMA, r"\1.\2", value) if isinstance(value, str) else value
        for value in values
    ]
