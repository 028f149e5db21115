"""Words that mean a missing value, such as NULL: they are read as if the value were absent."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.records import Values
from components.records.column_values import ConvertedColumn, arrow_array, is_text
from components.records.fields import FieldError
from schemas.events import RejectReason
from schemas.source_settings import SourceSettings

# Words that are missing values in every column. NA and None are not among them: they can be ids and
# categories (NA is the country code of Namibia).
TEXT_NULL_WORDS = frozenset({"NULL", "null", "\\N", "NaN", "nan", "<NA>"})
# Words that are missing values in columns of numbers and times, where they can be nothing else.
NUMBER_NULL_WORDS = TEXT_NULL_WORDS | {"NA", "N/A", "n/a", "#N/A", "None", "NaT"}

_Converter = Callable[[Values], ConvertedColumn]


def null_words(source: SourceSettings, is_number: bool) -> frozenset[str]:
    """Returns the words that mean a missing value in a column.

    Args:
      source: The settings of the source; `null_values` replaces the default words.
      is_number: Whether the column has numbers or times, rather than texts.
    """
    if source.null_values is not None:
        return frozenset(source.null_values)
    return NUMBER_NULL_WORDS if is_number else TEXT_NULL_WORDS


def obey_null_words(convert: _Converter, words: frozenset[str], name: str) -> _Converter:
    """Returns a converter that reads some words as a missing value.

    Args:
      convert: The converter of the column.
      words: The words; white space around them does not count.
      name: The name of the column, for rejections.
    """

    def convert_with_nulls(values: Values) -> ConvertedColumn:
        blanked, is_null = blank_null_words(as_arrow_texts(values), words)
        converted = convert(blanked)
        missing = {
            row: FieldError(error.reason, _detail(values, row, name))
            for row, error in converted.failures.items()
            if is_null is not None and is_null[row] and error.reason is RejectReason.MISSING_FIELD
        }
        if not missing:
            return converted
        return replace(converted, failures={**converted.failures, **missing})

    return convert_with_nulls


def as_arrow_texts(values: Values) -> Values:
    """Returns a list of texts as an Arrow array, which saves later conversions; others unchanged.

    >>> as_arrow_texts([1, "a"])
    [1, 'a']
    """
    if not isinstance(values, list) or not set(map(type, values)) <= {str, type(None)}:
        return values
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowException, UnicodeError):
        return values


def blank_null_words(
    values: Values, words: frozenset[str]
) -> tuple[Values, "np.ndarray[tuple[int], np.dtype[np.bool_]] | None"]:
    """Returns a column in which null words are missing, and a [num_rows] bool mask of these rows.

    The mask is None if no row has a null word.

    >>> blank_null_words(["a", " NULL ", 3], frozenset({"NULL"}))[0]
    ['a', None, 3]
    """
    if not words or not len(values):
        return values, None
    texts = _texts(values)
    if texts is None:
        return _blank_one_by_one(values, words) if isinstance(values, list) else (values, None)
    is_null = pc.is_in(pc.utf8_trim_whitespace(texts), value_set=pa.array(sorted(words)))
    if not pc.any(is_null).as_py():
        return values, None
    mask = is_null.to_numpy(zero_copy_only=False)
    return pc.if_else(is_null, pa.scalar(None, pa.string()), texts), mask


def _texts(values: Values) -> pa.StringArray | None:
    """Returns a column of texts as Arrow's; None if it is another, or not valid UTF-8."""
    if isinstance(values, list) and int in {*map(type, values)}:
        return None
    array = arrow_array(values)
    if array is None or not is_text(array.type):
        return None
    try:
        return array.cast(pa.string())
    except pa.ArrowException:
        return None


def _blank_one_by_one(
    values: list[object], words: frozenset[str]
) -> tuple[Values, "np.ndarray[tuple[int], np.dtype[np.bool_]] | None"]:
    if not {str, bytes} & set(map(type, values)):
        return values, None
    is_null = np.array([_is_null_word(value, words) for value in values])
    if not is_null.any():
        return values, None
    blanked = [None if null else value for value, null in zip(values, is_null, strict=True)]
    return blanked, is_null


def _is_null_word(value: object, words: frozenset[str]) -> bool:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return isinstance(value, str) and value.strip() in words


def _detail(values: Values, row: int, name: str) -> str:
    value = values[row] if isinstance(values, list) else values[row].as_py()
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return (
        f"{name} is {text.strip()!r}, a word for a missing value; if it is a value, list the words "
        "for missing values in null_values"
    )
