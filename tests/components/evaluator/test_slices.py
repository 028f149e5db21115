"""Metrics of slices: averaged per user, with simultaneous intervals and baselines."""

import numpy as np
import pytest

from components.evaluator.measure import Measurement
from components.evaluator.simultaneous import MIN_USERS, difference_interval, metric_interval
from components.evaluator.slices import slice_metrics

NUM_MANY = 80
USERS = np.array([0, 0, 0, 1, *range(100, 100 + NUM_MANY)])
GROUPS = np.array([0, 0, 1, 0, *[2] * NUM_MANY])
MASKS = {
    label: np.equal(GROUPS, code) for code, label in enumerate(("few", "some", "many", "empty"))
}


def measured(values: list[float]) -> Measurement:
    return Measurement({"recall@10": np.array(values), "mrr": np.array(values) / 2}, {}, {})


def test_slices_average_per_user_and_small_slices_are_marked() -> None:
    model = measured([1.0, 0.0, 1.0, 1.0, *[0.0] * (NUM_MANY - 8), *[1.0] * 8])
    baseline = measured([0.0, 0.0, 1.0, 1.0, *[1.0] * NUM_MANY])

    slices, intervals = slice_metrics(
        model,
        {"markov": baseline, "popularity": measured([0.0] * (4 + NUM_MANY))},
        USERS,
        {"group": MASKS},
        ("recall@10", "mrr"),
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
            "users": 80, "targets": 80, "small": False, "recall@10": 0.1, "mrr": 0.05,
            "baselines": {"markov": 1.0, "popularity": 0.0},
        },
        "empty": {
            "users": 0, "targets": 0, "small": True, "recall@10": None, "mrr": None,
            "baselines": {"markov": None, "popularity": None},
        },
    }  # fmt: skip
    for label in ("few", "some", "empty"):
        assert bounds[label] is differences[label] is None
    level = 1 - 0.05 / 2
    assert bounds["many"] == {
        "recall@10": metric_interval(np.repeat([0.0, 1.0], [NUM_MANY - 8, 8]), level)
    }
    # The best baseline on all queries.
    assert differences["many"] == {
        "markov": difference_interval(np.repeat([-1.0, 0.0], [NUM_MANY - 8, 8]), level)
    }
    assert intervals == {
        "metric": "recall@10",
        "baseline": "markov",
        "intervals": 2,
        "level": 0.95,
        "level_of_each": pytest.approx(level),
        "min_users": MIN_USERS,
    }


def test_more_slices_have_wider_intervals() -> None:
    values = np.random.default_rng(2).random(4 + NUM_MANY).tolist()

    def width(num_dimensions: int) -> float:
        dimensions = {f"group {n}": MASKS for n in range(num_dimensions)}
        slices, _ = slice_metrics(measured(values), {}, USERS, dimensions, ("recall@10",))
        low, high = slices["group 0"]["many"]["interval"]["recall@10"]
        return float(high - low)

    assert width(20) > 1.2 * width(1)


def test_without_baselines_there_is_no_difference() -> None:
    slices, intervals = slice_metrics(
        measured([1.0] * (4 + NUM_MANY)), {}, USERS, {"group": MASKS}, ("recall@10",)
    )

    assert slices["group"]["many"]["difference"] is None
    assert intervals["baseline"] is None
    assert intervals["intervals"] == 1
