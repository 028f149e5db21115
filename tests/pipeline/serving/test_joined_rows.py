from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.joined_rows import join_key, join_rows, num_rows, split_rows
from pipeline.serving.signature import Arrays, Signature, TensorInfo
from tests.pipeline.serving.small_model import texts

ROW = (None,)
LIST = (None, None)


def signature(name: str = "recommend", **infos: tuple[tf.DType, Any]) -> Signature:
    inputs = {key: TensorInfo(f"{key}:0", dtype, shape) for key, (dtype, shape) in infos.items()}
    outputs = {"score": TensorInfo("score:0", tf.float32, LIST)}
    return Signature(name, "tensorflow/serving/predict", inputs, outputs)


RECOMMEND = signature(
    history_item_id=(tf.string, LIST),
    history_value=(tf.float32, LIST),
    history_timestamp=(tf.int64, LIST),
    k=(tf.int32, ROW),
)


def request(rows: int, width: int, k: int = 2) -> Arrays:
    return {
        "history_item_id": texts([["x"] * width] * rows).reshape(rows, width),
        "history_value": np.ones((rows, width), np.float32),
        "history_timestamp": np.ones((rows, width), np.int64),
        "k": np.full(rows, k, np.int32),
    }


def test_lists_are_padded_with_missing_values() -> None:
    joined = join_rows(RECOMMEND, [request(1, 2), request(2, 3)])

    assert joined["history_item_id"].tolist() == [[b"x", b"x", b""], [b"x"] * 3, [b"x"] * 3]
    assert joined["history_timestamp"].tolist() == [[1, 1, -1], [1, 1, 1], [1, 1, 1]]
    np.testing.assert_array_equal(joined["history_value"][0], np.array([1, 1, np.nan], np.float32))
    assert joined["k"].tolist() == [2, 2, 2]
    assert {name: values.dtype for name, values in joined.items()} == {
        name: values.dtype for name, values in request(1, 2).items()
    }


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4), st.integers(0, 5)), min_size=1),
    st.integers(1, 6),
)
def test_each_request_gets_its_own_rows_and_width(
    sizes: list[tuple[int, int, int]], max_k: int
) -> None:
    requests = [request(*size) for size in sizes]
    joined = join_rows(RECOMMEND, requests)
    width = min(max(k for _, _, k in sizes), max_k)
    rows = np.arange(len(joined["k"]), dtype=np.float32)
    outputs = {"score": np.repeat(rows[:, np.newaxis], width, axis=1)}

    answers = split_rows(RECOMMEND, outputs, requests)

    start = 0
    for (count, _, k), answer in zip(sizes, answers, strict=True):
        assert answer["score"].shape == (count, min(k, max_k))
        assert all(answer["score"].ravel() >= start)
        start += count
    assert start == len(rows)


def test_requests_are_joined_if_their_lists_have_similar_lengths() -> None:
    key = join_key(RECOMMEND, request(1, 50))
    assert key is not None
    assert key == join_key(RECOMMEND, request(7, 64))
    assert key != join_key(RECOMMEND, request(1, 65))
    assert key != join_key(RECOMMEND, request(1, 32))


@pytest.mark.parametrize(
    ("called", "inputs"),
    [
        (RECOMMEND, request(1, 3, k=-1)),
        (RECOMMEND, request(0, 3)),
        (RECOMMEND, {**request(1, 3), "k": np.array([1, 2], np.int32)}),
        (signature(as_of=(tf.int64, ())), {"as_of": np.array(3)}),
        (signature(fixed=(tf.int64, (2,))), {"fixed": np.array([3, 4])}),
        (signature("recommend_examples", examples=(tf.string, ROW)), {"examples": texts(["a"])}),
    ],
)
def test_other_requests_run_alone(called: Signature, inputs: Arrays) -> None:
    assert join_key(called, inputs) is None


def test_the_number_of_rows() -> None:
    assert num_rows(request(3, 2)) == 3
    assert num_rows({"a": np.zeros(2), "b": np.zeros(3)}) == 1
    assert num_rows({"a": np.array(1.0)}) == 1
