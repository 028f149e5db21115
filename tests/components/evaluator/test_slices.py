"""Metrics of slices: averaged per user, with intervals and baselines."""

import numpy as np

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

    result = slice_metrics(
        model, {"markov": baseline}, USERS, MASKS, ("recall@10", "mrr"), 200, seed=1
    )

    intervals = {label: part.pop("interval") for label, part in result.items()}
    assert result == {
        "few": {
            "users": 2, "targets": 3, "small": True,
            "recall@10": (1 / 2 + 1) / 2, "mrr": (1 / 4 + 1 / 2) / 2,
            "baselines": {"markov": (0 + 1) / 2},
        },
        "some": {
            "users": 1, "targets": 1, "small": True, "recall@10": 1.0, "mrr": 0.5,
            "baselines": {"markov": 1.0},
        },
        "many": {
            "users": 30, "targets": 30, "small": False, "recall@10": 1 / 30, "mrr": 1 / 60,
            "baselines": {"markov": 1.0},
        },
        "empty": {
            "users": 0, "targets": 0, "small": True, "recall@10": None, "mrr": None,
            "baselines": {"markov": None},
        },
    }  # fmt: skip
    assert intervals["few"] == {"recall@10": [1 / 2, 1.0]}
    assert intervals["some"] == {"recall@10": [1.0, 1.0]}
    low, high = intervals["many"]["recall@10"]
    assert low == 0.0 < high < 0.2
    assert intervals["empty"] is None
