from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.serving.limits import Limits, limits_from
from pipeline.serving.request_error import RequestError
from schemas.errors import InputError

LIMITS = Limits(rows=2, list_length=3, k=4)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("user_id", np.zeros(3), r"user_id: 3 rows, but this server accepts 2 \(rows\)"),
        ("history_value", np.zeros((1, 4)), r"4 values, but this server accepts 3 \(list_length\)"),
        ("k", np.array([1, 5]), r"k: 5 items, but this server accepts 4 \(k\)"),
    ],
)
def test_a_request_that_is_too_large_is_an_error(
    name: str, values: npt.NDArray[Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        LIMITS.check({name: values})


def test_a_request_at_the_limits_is_accepted() -> None:
    LIMITS.check({"user_id": np.zeros(2), "history_value": np.zeros((2, 3)), "k": np.array([4])})
    LIMITS.check({"k": np.zeros(0, np.int32)})


def test_limits_are_read_from_texts() -> None:
    assert limits_from([]) == Limits()
    assert limits_from(["k=7", "rows=1"]) == Limits(k=7, rows=1)


@pytest.mark.parametrize("text", ["k", "k=", "k=0", "k=-1", "k=1.5", "width=3", "k=²"])
def test_a_text_that_is_no_limit_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match=f"--limit {text}"):
        limits_from([text])
