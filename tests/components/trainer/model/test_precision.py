"""A query tower that computes in bfloat16."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from components.trainer.model.query_tower import QueryTower
from schemas.model_settings import EncoderKind
from tests.components.trainer.plans import encoder_plan, model_plan


@pytest.mark.parametrize("kind", ["mean", "decayed", "convolution", "transformer"])
def test_the_layers_round_to_bfloat16_and_all_else_is_float32(kind: EncoderKind) -> None:
    plan = model_plan(encoder=encoder_plan(kind=kind, num_heads=4), dim=16, hidden_dim=32)
    rng = np.random.default_rng(3)
    events = tf.constant(rng.normal(size=(4, 7, 16)), tf.float32)
    requests = tf.constant(rng.normal(size=(4, 7, 5)), tf.float32)
    num_past = tf.broadcast_to(tf.range(7), [4, 7])
    exact, mixed = (QueryTower(plan, 1.0, mixed_precision=value) for value in (False, True))
    expected = exact(events, requests, num_past)
    with tf.GradientTape() as tape:
        queries = mixed(events, requests, num_past)
        for weight, value in zip(mixed.weights, exact.weights, strict=True):
            weight.assign(value)
        queries = mixed(events, requests, num_past)

    gradients = tape.gradient(queries, mixed.trainable_variables)

    assert queries.dtype == tf.float32
    assert {weight.dtype for weight in mixed.weights} == {tf.float32}
    assert {gradient.dtype for gradient in gradients} == {tf.float32}
    # bfloat16 has 8 bits of precision; a few layers add to its rounding.
    difference = np.abs(queries - expected).max() / np.abs(expected).max()
    assert 0.0 < difference < 0.05
    assert keras.mixed_precision.global_policy().name == "float32"
