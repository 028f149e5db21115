"""Requests made whole."""

import tensorflow as tf

from components.indexer.model.inputs import parse_requests
from schemas import serving

SPECS = {
    **serving.default_specs(),
    serving.K: tf.TensorSpec([None], tf.int32, serving.K),
}


def _example(k: int) -> bytes:
    example = tf.train.Example()
    example.features.feature[serving.K].int64_list.value.append(k)
    return example.SerializeToString()


def test_an_example_may_ask_for_what_int32_does_not_hold() -> None:
    asked = [3, -1, 2**31, 2**32, 2**63 - 1, -(2**31) - 1, -(2**32)]
    parsed = parse_requests(tf.constant([_example(k) for k in asked]), SPECS, min_history=2)
    most, least = tf.int32.max, tf.int32.min
    assert list(parsed[serving.K].numpy()) == [3, -1, most, most, most, least, least]
