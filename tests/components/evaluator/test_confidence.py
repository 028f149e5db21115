"""Bootstrap intervals: width, coverage, reproducibility and pairing."""

import numpy as np
import pytest

from components.evaluator import confidence


def test_interval_has_the_width_of_the_normal_approximation() -> None:
    values = np.random.default_rng(5).normal(3.0, 2.0, size=400)

    ((low, high),) = confidence.bootstrap_intervals(
        {"m": values}, num_samples=4000, seed=1
    ).values()

    half_width = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half_width, abs=0.1 * half_width)
    assert high == pytest.approx(values.mean() + half_width, abs=0.1 * half_width)


def test_95_percent_intervals_cover_the_true_mean_in_about_95_percent_of_trials() -> None:
    generator = np.random.default_rng(6)
    covered = 0
    for trial in range(200):
        hits = (generator.random(100) < 0.3).astype(float)
        low, high = confidence.bootstrap_intervals({"m": hits}, num_samples=300, seed=trial)["m"]
        covered += low <= 0.3 <= high

    assert 0.88 <= covered / 200 <= 0.99


def test_intervals_depend_on_the_seed_but_not_on_the_chunk_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {"m": np.random.default_rng(7).random(50)}
    whole = confidence.bootstrap_intervals(values, num_samples=101, seed=3)
    monkeypatch.setattr(confidence, "_DRAWS_PER_CHUNK", 50 * 8)

    assert confidence.bootstrap_intervals(values, num_samples=101, seed=3) == whole
    assert confidence.bootstrap_intervals(values, num_samples=101, seed=4) != whole


def test_pairing_detects_a_small_constant_gain_among_very_different_users() -> None:
    baseline = {"m": np.random.default_rng(8).random(100)}
    model = {"m": baseline["m"] + 0.01}

    result = confidence.paired_bootstrap_intervals(
        model, {"markov": baseline}, num_samples=500, seed=1
    )

    alone = confidence.bootstrap_intervals(model, num_samples=500, seed=1)
    assert result["model"]["m"] == pytest.approx(alone["m"], abs=1e-12)
    low, high = result["model_minus_markov"]["m"]
    assert low == pytest.approx(0.01)
    assert high == pytest.approx(0.01)


def test_the_interval_of_one_user_has_zero_width() -> None:
    assert confidence.bootstrap_intervals({"m": np.array([0.25])}, 100, seed=1) == {
        "m": [0.25, 0.25]
    }
