"""Completing requests with optional inputs."""

import tensorflow as tf

from components.indexer.model.inputs import parse_requests
from schemas import serving, serving_specs

SPECS = {
    **serving_specs.default_specs(),
    serving.K: tf.TensorSpec([None], tf.int32, serving.K),
}


def _example(k: int) -> bytes:
    example = tf.train.Example()
    example.features.feature[serving.K].int64_list.value.append(k)
    return example.SerializeToString()


def test_k_of_an_example_is_clipped_to_int32() -> None:
    requested = [3, -1, 2**31, 2**32, 2**63 - 1, -(2**31) - 1, -(2**32)]
    parsed = parse_requests(tf.constant([_example(k) for k in requested]), SPECS, min_history=2)
    largest, smallest = tf.int32.max, tf.int32.min
    expected = [3, -1, largest, largest, largest, smallest, smallest]
    assert list(parsed[serving.K].numpy()) == expected
