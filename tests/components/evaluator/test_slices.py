"""Metrics of slices: averaged per user, with simultaneous intervals and baselines."""

import numpy as np
import pytest

from components.evaluator.measure import Measurement
from components.evaluator.slices import slice_metrics

USERS = np.array([0, 0, 0, 1, *range(100, 130)])
GROUPS = np.array([0, 0, 1, 0, *[2] * 30])
MASKS = {
    label: np.equal(GROUPS, code) for code, label in enumerate(("few", "some", "many", "empty"))
}


def measured(values: list[float]) -> Measurement:
    return Measurement({"recall@10": np.array(values), "mrr": np.array(values) / 2}, {}, {})


def test_slices_average_per_user_and_small_slices_are_marked() -> None:
    model = measured([1.0, 0.0, 1.0, 1.0, *[0.0] * 29, 1.0])
    baseline = measured([0.0, 0.0, 1.0, 1.0, *[1.0] * 30])

    slices, intervals = slice_metrics(
        model,
        {"markov": baseline, "popularity": measured([0.0] * 34)},
        USERS,
        {"group": MASKS},
        ("recall@10", "mrr"),
        200,
        seed=1,
    )

    result = slices["group"]
    bounds = {label: part.pop("interval") for label, part in result.items()}
    differences = {label: part.pop("difference") for label, part in result.items()}
    assert result == {
        "few": {
            "users": 2, "targets": 3, "small": True,
            "recall@10": (1 / 2 + 1) / 2, "mrr": (1 / 4 + 1 / 2) / 2,
            "baselines": {"markov": (0 + 1) / 2, "popularity": 0.0},
        },
        "some": {
            "users": 1, "targets": 1, "small": True, "recall@10": 1.0, "mrr": 0.5,
            "baselines": {"markov": 1.0, "popularity": 0.0},
        },
        "many": {
            "users": 30, "targets": 30, "small": False, "recall@10": 1 / 30, "mrr": 1 / 60,
            "baselines": {"markov": 1.0, "popularity": 0.0},
        },
        "empty": {
            "users": 0, "targets": 0, "small": True, "recall@10": None, "mrr": None,
            "baselines": {"markov": None, "popularity": None},
        },
    }  # fmt: skip
    assert bounds["few"] == {"recall@10": [1 / 2, 1.0]}
    assert bounds["some"] == {"recall@10": [1.0, 1.0]}
    low, high = bounds["many"]["recall@10"]
    assert low == 0.0 < high < 0.3
    assert bounds["empty"] is differences["empty"] is None
    # The best baseline on all queries; its values in "few" are 0 and 1, those of the model 0.5, 1.
    assert differences["few"] == {"markov": [0.0, 0.5]}
    assert differences["many"]["markov"][1] < 0
    assert intervals == {
        "metric": "recall@10",
        "baseline": "markov",
        "intervals": 3 * 2,
        "level": 0.95,
        "level_of_each": pytest.approx(1 - 0.05 / 6),
        "samples": 2400,
    }


def test_more_slices_have_wider_intervals() -> None:
    values = np.random.default_rng(2).random(34).tolist()

    def width(num_dimensions: int) -> float:
        dimensions = {f"group {n}": MASKS for n in range(num_dimensions)}
        slices, _ = slice_metrics(
            measured(values), {}, USERS, dimensions, ("recall@10",), 1000, seed=1
        )
        low, high = slices["group 0"]["many"]["interval"]["recall@10"]
        return float(high - low)

    assert width(20) > 1.2 * width(1)


def test_without_baselines_there_is_no_difference() -> None:
    slices, intervals = slice_metrics(
        measured([1.0] * 34), {}, USERS, {"group": MASKS}, ("recall@10",), 100, seed=1
    )

    assert slices["group"]["many"]["difference"] is None
    assert intervals["baseline"] is None
    assert intervals["intervals"] == 3
