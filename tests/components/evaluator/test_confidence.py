"""Bootstrap intervals: what they cover, how wide they are, and that pairs stay pairs."""

import numpy as np
import pytest

from components.evaluator import confidence


def test_interval_has_the_width_of_the_normal_approximation() -> None:
    values = np.random.default_rng(5).normal(3.0, 2.0, size=400)

    ((low, high),) = confidence.intervals({"m": values}, num_samples=4000, seed=1).values()

    half_width = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half_width, abs=0.1 * half_width)
    assert high == pytest.approx(values.mean() + half_width, abs=0.1 * half_width)


def test_95_percent_intervals_cover_the_truth_about_as_often() -> None:
    generator = np.random.default_rng(6)
    covered = 0
    for trial in range(200):
        hits = (generator.random(100) < 0.3).astype(float)
        low, high = confidence.intervals({"m": hits}, num_samples=300, seed=trial)["m"]
        covered += low <= 0.3 <= high

    assert 0.88 <= covered / 200 <= 0.99


def test_same_seed_same_interval_and_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"m": np.random.default_rng(7).random(50)}
    whole = confidence.intervals(values, num_samples=101, seed=3)
    monkeypatch.setattr(confidence, "_DRAWS_PER_CHUNK", 50 * 8)

    assert confidence.intervals(values, num_samples=101, seed=3) == whole
    assert confidence.intervals(values, num_samples=101, seed=4) != whole


def test_pairing_sees_a_small_steady_gain_among_very_different_users() -> None:
    baseline = {"m": np.random.default_rng(8).random(100)}
    model = {"m": baseline["m"] + 0.01}

    found = confidence.of_model(model, {"markov": baseline}, num_samples=500, seed=1)

    alone = confidence.intervals(model, num_samples=500, seed=1)
    assert found["model"]["m"] == pytest.approx(alone["m"], abs=1e-12)
    low, high = found["model_minus_markov"]["m"]
    assert low == pytest.approx(0.01)
    assert high == pytest.approx(0.01)


def test_one_user_gives_an_interval_of_one_point() -> None:
    assert confidence.intervals({"m": np.array([0.25])}, 100, seed=1) == {"m": [0.25, 0.25]}
