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


def test_the_interval_of_a_difference_of_groups_has_the_width_of_the_normal_approximation() -> None:
    generator = np.random.default_rng(12)
    one, other = generator.normal(1.0, 1.0, 300), generator.normal(1.5, 2.0, 500)
    groups = {
        "one": np.concatenate([one, np.full(500, np.nan)]),
        "other": np.concatenate([np.full(300, np.nan), other]),
    }

    means, differences = confidence.group_bootstrap_intervals(groups, "one", 4000, seed=1)

    assert list(differences) == ["other"]
    half_width = 1.96 * np.sqrt(one.var() / 300 + other.var() / 500)
    difference = other.mean() - one.mean()
    low, high = differences["other"]
    assert low == pytest.approx(difference - half_width, abs=0.1 * half_width)
    assert high == pytest.approx(difference + half_width, abs=0.1 * half_width)
    assert means["one"][0] < one.mean() < means["one"][1]


def test_groups_of_the_same_users_are_compared_by_user() -> None:
    values = np.random.default_rng(13).random(100)

    _, differences = confidence.group_bootstrap_intervals(
        {"a": values, "b": values + 0.25}, "a", 200, seed=1
    )

    assert differences["b"] == pytest.approx([0.25, 0.25])
