"""The encoder beside NumPy, and its causality."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.encoders import (
    FASTEST_DECAY,
    SLOWEST_DECAY,
    CausalEncoder,
    CausalKernels,
    decay_kernels,
)
from schemas.errors import InputError
from schemas.model_settings import EncoderSettings

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("width", [1, 3, 20])
def test_kernels_equal_a_loop_over_lags(width: int) -> None:
    batch, length, dim, num_heads = 2, 7, 6, 3
    layer = CausalKernels(num_heads, width)
    kernels = RNG.normal(size=(num_heads, width)).astype(np.float32)
    layer.kernels.assign(kernels)
    x = RNG.normal(size=(batch, length, dim)).astype(np.float32)

    expected = np.zeros_like(x)
    for t in range(length):
        for lag in range(min(width, t + 1)):
            for channel in range(dim):
                head = channel // (dim // num_heads)
                expected[:, t, channel] += kernels[head, lag] * x[:, t - lag, channel]

    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_kernels_start_as_exponential_decays_of_length_one() -> None:
    kernels = decay_kernels(num_heads=8, width=50)

    ratios = kernels[:, 1:] / kernels[:, :-1]
    np.testing.assert_allclose(ratios[0], FASTEST_DECAY, rtol=1e-5)
    np.testing.assert_allclose(ratios[-1], SLOWEST_DECAY, rtol=1e-5)
    np.testing.assert_allclose(np.sum(kernels**2, axis=1), 1.0, rtol=1e-5)


@pytest.fixture(scope="module")
def encoder() -> CausalEncoder:
    return CausalEncoder(8, EncoderSettings(num_heads=4, kernel_width=5))


@pytest.mark.parametrize("changed", range(6))
def test_an_event_changes_the_states_after_it_alone(encoder: CausalEncoder, changed: int) -> None:
    events = RNG.normal(size=(1, 6, 8)).astype(np.float32)
    other = events.copy()
    other[0, changed, 0] += 1.0  # one channel: normalisation takes out what all share

    difference = np.abs(encoder(events) - encoder(other))[0].max(axis=1)

    assert difference.shape == (7,)
    np.testing.assert_array_equal(difference[: changed + 1], 0.0)
    assert difference[changed + 1] > 1e-3


def test_padding_behind_does_not_matter(encoder: CausalEncoder) -> None:
    events = RNG.normal(size=(2, 4, 8)).astype(np.float32)
    padded = np.concatenate([events, np.full((2, 9, 8), 7.0, np.float32)], axis=1)

    np.testing.assert_allclose(encoder(padded)[:, :5], encoder(events), atol=1e-5)


def test_empty_histories_share_a_state(encoder: CausalEncoder) -> None:
    states = encoder(tf.zeros([3, 0, 8]))

    assert states.shape == (3, 1, 8)
    np.testing.assert_array_equal(states[0], states[2])


def test_heads_must_divide_the_dimensions() -> None:
    with pytest.raises(InputError, match=r"model.dim is 10 and model.encoder.num_heads is 4"):
        CausalEncoder(10, EncoderSettings(num_heads=4))
