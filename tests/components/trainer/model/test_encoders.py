"""The causality of the encoder, with each mixer."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.model.encoders import CausalEncoder
from schemas.errors import InputError
from tests.components.trainer.plans import encoder_plan

RNG = np.random.default_rng(5)
KINDS = ("mean", "decayed", "convolution", "transformer")


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest) -> CausalEncoder:
    layer = CausalEncoder(8, encoder_plan(kind=request.param, num_heads=4, kernel_width=5))
    layer(tf.zeros([1, 2, 8]))
    # random weights as after training, because some layers are zero before it
    layer.set_weights([RNG.normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("changed", range(6))
def test_an_event_changes_only_the_states_after_it(encoder: CausalEncoder, changed: int) -> None:
    events = RNG.normal(size=(1, 7, 8)).astype(np.float32)
    other = events.copy()
    other[0, changed, 0] += (
        3.0  # one channel, because layer normalisation removes a change of all channels
    )

    difference = np.abs(encoder(events) - encoder(other))[0].max(axis=1)

    assert difference.shape == (7,)
    np.testing.assert_array_equal(difference[: changed + 1], 0.0)
    assert difference[changed + 1] > 1e-3


def test_padding_after_the_events_changes_no_state(encoder: CausalEncoder) -> None:
    events = RNG.normal(size=(2, 4, 8)).astype(np.float32)
    padded = np.concatenate([events, np.full((2, 9, 8), 7.0, np.float32)], axis=1)

    np.testing.assert_allclose(encoder(padded)[:, :4], encoder(events), atol=1e-5)


def test_empty_histories_have_the_same_state(encoder: CausalEncoder) -> None:
    states = encoder(RNG.normal(size=(3, 1, 8)).astype(np.float32))

    assert states.shape == (3, 1, 8)
    np.testing.assert_array_equal(states[0], states[2])


def test_dropout_depends_on_the_seed_only(encoder: CausalEncoder) -> None:
    events = RNG.normal(size=(1, 5, 8)).astype(np.float32)
    first, again, other = (
        encoder(events, seed=tf.constant(seed)).numpy() for seed in ([1, 2], [1, 2], [1, 3])
    )

    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_a_number_of_heads_that_does_not_divide_the_dimensions_is_an_error() -> None:
    with pytest.raises(InputError, match=r"model.dim is 10 and model.encoder.num_heads is 4"):
        CausalEncoder(10, encoder_plan(num_heads=4))
