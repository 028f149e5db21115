"""The statistics of small logs with known values."""

from pathlib import Path

import numpy as np
import pytest

from components.trainer.data.read import read_data
from components.trainer.fit.data_statistics import DataStatistics, compute_statistics
from tests.components.trainer.datasets import PLAIN, Row, data_settings, item, make_dataset, window

NUM_ITEMS = 60
SETTINGS = data_settings(PLAIN)
ITEMS = {"path": "items.csv", "format": "csv", "fields": {"item_id": "i"}}


def statistics_of(
    train: list[Row], evaluation: list[Row], folder: Path, **data: object
) -> DataStatistics:
    settings = data_settings(PLAIN, **data)
    items = [item(settings, f"i{number}") for number in range(NUM_ITEMS)]
    dataset = make_dataset(settings, train, evaluation, items, folder)
    return compute_statistics(read_data(dataset.inputs, settings), settings)


def walk(user: str, rng: np.random.Generator, step: int, **given: list[int]) -> Row:
    first = rng.integers(NUM_ITEMS)
    items = [f"i{(first + step * index) % NUM_ITEMS}" for index in range(5)]
    return window(SETTINGS, user, items, **given)


def test_counts_of_a_small_log(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    last = [0, 0, 0, 0, 1]

    statistics = statistics_of(
        [walk(f"u{user}", rng, 1) for user in range(30)],
        [walk(f"u{user}", rng, 1, is_target=last) for user in range(15)]
        + [walk(f"new{user}", rng, 1, is_target=last) for user in range(5)],
        tmp_path,
    )

    assert statistics.num_items == NUM_ITEMS
    assert statistics.num_targets == 150
    assert statistics.max_history == 8
    assert statistics.median_history == 2.0
    assert statistics.returning_share == 15 / 20


def test_new_items_are_those_without_a_target_in_split_train(tmp_path: Path) -> None:
    train = window(SETTINGS, "u", ["i0", "i1", "i2"], is_target=[0, 1, 1])
    evaluation = window(SETTINGS, "e", ["i1", "i0", "i2", "i9"])
    priced = {**ITEMS, "features": {"price": {"kind": "number"}}}

    for items, expected in ((priced, 2 / 4), (ITEMS, None)):
        folder = tmp_path / str(expected)
        statistics = statistics_of([train], [evaluation], folder, items=items)
        assert statistics.new_item_share == expected


@pytest.mark.parametrize(("signs", "is_predictive"), [([1], True), ([-1, 1], False)])
def test_order_is_predictive_for_walks_in_one_direction(
    tmp_path: Path, signs: list[int], is_predictive: bool
) -> None:
    rng = np.random.default_rng(2)

    def rows(prefix: str, count: int) -> list[Row]:
        walks = []
        for n in range(count):
            steps = rng.integers(1, 6, size=5) * signs[n % len(signs)]
            positions = (rng.integers(NUM_ITEMS) + np.cumsum(steps)) % NUM_ITEMS
            walks.append(window(SETTINGS, f"{prefix}{n}", [f"i{p}" for p in positions]))
        return walks

    gain = statistics_of(rows("u", 600), rows("e", 200), tmp_path).order_gain

    assert gain is not None
    # in one direction, half of the ten nearby items occur before the last item, and are no targets
    assert gain > 1.3 if is_predictive else gain < 1.1


def test_popularity_gain_compares_the_last_quarter_with_all(tmp_path: Path) -> None:
    def rows(prefix: str, numbers: list[int], start_s: int) -> list[Row]:
        return [
            window(SETTINGS, f"{prefix}{n}", [f"i{n}"], timestamp=[start_s + index])
            for index, n in enumerate(numbers)
        ]

    early, recent = rows("u", [0] * 750, 0), rows("v", [1] * 250, 10_000)
    after = rows("e", [1] * 10, 20_000)

    gain = statistics_of([*early, *recent], after, tmp_path).popularity_gain

    # smoothed as in popularity.py: all by a uniform share, the quarter by all
    share_of_all = (250 + 100 / NUM_ITEMS) / (1000 + 100)
    share_of_quarter = (250 + 100 * share_of_all) / (250 + 100)
    assert gain == pytest.approx(np.log(share_of_quarter / share_of_all), rel=1e-3)


def test_the_lag_of_eval_is_relative_to_train(tmp_path: Path) -> None:
    """The train split has 200 targets, the eval split 20."""
    rng = np.random.default_rng(3)
    train = [walk(f"u{user}", rng, 1) for user in range(40)]
    evaluation = [walk(f"e{user}", rng, 1) for user in range(4)]

    assert statistics_of(train, evaluation, tmp_path).eval_lag == pytest.approx(0.1)


def test_statistics_without_data_are_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    train = [walk(f"u{user}", rng, 1) for user in range(5)]

    without_eval = statistics_of(train, [], tmp_path / "without_eval")
    leave_one_out = statistics_of(train, train, tmp_path / "loo", split={"policy": "leave_one_out"})

    assert without_eval.returning_share is None
    assert without_eval.order_gain is None
    assert without_eval.popularity_gain is None
    assert leave_one_out.popularity_gain is None
    assert without_eval.eval_lag is leave_one_out.eval_lag is None
    assert leave_one_out.returning_share == 1.0


def test_order_gain_of_histories_of_one_event_is_none(tmp_path: Path) -> None:
    rows = [window(SETTINGS, f"u{n}", [f"i{n}"]) for n in range(5)]

    assert statistics_of(rows, rows, tmp_path).order_gain is None
