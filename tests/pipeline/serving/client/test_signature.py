"""Values of requests as arrays of a signature's dtypes."""

from typing import Any

import numpy as np
import pytest

from pipeline.serving.client.signature import (
    DataType,
    Signature,
    TensorInfo,
    as_array,
    as_arrays,
    as_texts,
)
from schemas.errors import InputError

TEXTS = TensorInfo(DataType.DT_STRING, (None,))
COUNTS = TensorInfo(DataType.DT_INT32, (None,))
PRICES = TensorInfo(DataType.DT_FLOAT, (None, 2))


@pytest.mark.parametrize(
    ("values", "info", "expected"),
    [
        (["a", b"\xff", "ä"], TEXTS, [b"a", b"\xff", "ä".encode()]),
        (np.array(["a", "b"]), TEXTS, [b"a", b"b"]),
        ([], TEXTS, []),
        ([1, -1], COUNTS, [1, -1]),
        (np.array([7], np.int64), COUNTS, [7]),
        ([[1, 2.5]], PRICES, [[1.0, 2.5]]),
        ([True], TensorInfo(DataType.DT_BOOL, (None,)), [True]),
        (3, TensorInfo(DataType.DT_INT64, None), 3),
    ],
)
def test_values_become_arrays(values: Any, info: TensorInfo, expected: Any) -> None:
    array = as_array("x", values, info)
    assert array.dtype == info.dtype.numpy
    assert array.tolist() == expected


def test_a_missing_number_is_nan() -> None:
    assert np.isnan(as_array("x", [[float("nan"), 1]], PRICES)[0, 0])
    assert [dtype.missing for dtype in (DataType.DT_STRING, DataType.DT_INT64)] == ["", -1]


@pytest.mark.parametrize(
    ("values", "info", "message"),
    [
        ([1], TEXTS, "x: expected DT_STRING .* found 1, which is not a text"),
        ([["a"], ["b", "c"]], TEXTS, "all lists of a level with the same length"),
        ([[1.0, 2.0], [1.0]], PRICES, "all lists of a level with the same length"),
        (["1"], COUNTS, "x: expected DT_INT32 .* found values of the type <U1"),
        ([1.5], COUNTS, "found values of the type float64"),
        ([None], COUNTS, "found values of the type object"),
        ([2**31], COUNTS, "found a value beyond int32"),
        ("a", TEXTS, r"x: the shape is \(\); expected \(None,\)"),
        ([[1.0]], PRICES, r"x: the shape is \(1, 1\); expected \(None, 2\)"),
    ],
)
def test_other_values_are_errors(values: Any, info: TensorInfo, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_array("x", values, info)


def test_all_inputs_must_be_given_and_no_others() -> None:
    signature = Signature({"a": TEXTS, "b": COUNTS}, {})
    message = "inputs missing: b; unknown: c, d; the signature has a, b"
    with pytest.raises(InputError, match=message):
        as_arrays({"a": [], "c": 1, "d": 2}, signature)


def test_texts_that_are_not_utf8_survive() -> None:
    text = as_texts(np.array([b"\xff\xc3\xa4"], object))
    assert as_array("x", text, TEXTS).tolist() == [b"\xff\xc3\xa4"]
