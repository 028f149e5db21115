"""Each mixer equals a loop in NumPy."""

import numpy as np
import pytest

from components.trainer.model.mixers import (
    FASTEST_DECAY,
    SLOWEST_DECAY,
    AttentionMixer,
    ConvolutionMixer,
    DecayMixer,
    MeanMixer,
    build_mixer,
    decay_kernels,
)
from schemas.model_settings import EncoderKind
from tests.components.trainer.plans import encoder_plan

RNG = np.random.default_rng(5)
BATCH, LENGTH, DIM, HEADS = 2, 7, 6, 3
SIZE = DIM // HEADS
X = RNG.normal(size=(BATCH, LENGTH, DIM)).astype(np.float32)


def head_of(channel: int) -> int:
    return channel // SIZE


def test_mean_is_over_all_positions_so_far() -> None:
    expected = np.stack([X[:, : t + 1].mean(axis=1) for t in range(LENGTH)], axis=1)

    np.testing.assert_allclose(MeanMixer()(X), expected, atol=1e-6)


def test_decay_weights_are_the_rate_to_the_power_of_the_lag() -> None:
    layer = DecayMixer(HEADS)
    rates = np.array([0.2, 0.5, 0.9])
    layer.logits.assign(np.log(rates / (1 - rates)))

    expected = np.zeros_like(X)
    for t in range(LENGTH):
        for channel in range(DIM):
            weights = rates[head_of(channel)] ** np.arange(t, -1, -1)
            expected[:, t, channel] = X[:, : t + 1, channel] @ weights / weights.sum()

    np.testing.assert_allclose(layer(X), expected, atol=1e-5)


@pytest.mark.parametrize("width", [1, 3, 20])
def test_convolution_is_a_sum_over_lags(width: int) -> None:
    layer = ConvolutionMixer(HEADS, width)
    kernels = RNG.normal(size=(HEADS, width)).astype(np.float32)
    layer.kernels.assign(kernels)

    expected = np.zeros_like(X)
    for t in range(LENGTH):
        for lag in range(min(width, t + 1)):
            for channel in range(DIM):
                expected[:, t, channel] += kernels[head_of(channel), lag] * X[:, t - lag, channel]

    np.testing.assert_allclose(layer(X), expected, atol=1e-5)


def test_initial_kernels_are_exponential_decays_of_norm_one() -> None:
    kernels = decay_kernels(num_heads=8, width=50)

    ratios = kernels[:, 1:] / kernels[:, :-1]
    np.testing.assert_allclose(ratios[0], FASTEST_DECAY, rtol=1e-5)
    np.testing.assert_allclose(ratios[-1], SLOWEST_DECAY, rtol=1e-5)
    np.testing.assert_allclose(np.sum(kernels**2, axis=1), 1.0, rtol=1e-5)


def test_attention_is_a_softmax_over_the_past_with_a_bias_by_lag() -> None:
    num_lags = 3
    layer = AttentionMixer(DIM, HEADS, num_lags)
    layer(X)
    projection = RNG.normal(size=(DIM, 3 * DIM)).astype(np.float32)
    bias = RNG.normal(size=(HEADS, num_lags)).astype(np.float32)
    layer.projection.set_weights([projection])
    layer.lag_bias.assign(bias)

    query, key, value = np.split(X @ projection, 3, axis=-1)
    expected = np.zeros_like(X)
    for batch in range(BATCH):
        for head in range(HEADS):
            channels = slice(head * SIZE, (head + 1) * SIZE)
            for t in range(LENGTH):
                past = slice(0, t + 1)
                lag = np.minimum(np.arange(t, -1, -1), num_lags - 1)
                scores = key[batch, past, channels] @ query[batch, t, channels] / SIZE**0.5
                weights = np.exp(scores + bias[head, lag])
                mixed = weights @ value[batch, past, channels] / weights.sum()
                expected[batch, t, channels] = mixed

    np.testing.assert_allclose(layer(X), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("mean", MeanMixer),
        ("decayed", DecayMixer),
        ("convolution", ConvolutionMixer),
        ("transformer", AttentionMixer),
    ],
)
def test_the_kind_selects_the_mixer(kind: EncoderKind, expected: type) -> None:
    assert isinstance(build_mixer(DIM, encoder_plan(kind=kind, num_heads=HEADS)), expected)
