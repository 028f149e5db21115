"""Popularity classes and percentiles of items."""

import numpy as np
import pytest

from components.evaluator.item_popularity import (
    POPULARITY_CLASSES,
    popularity_class,
    popularity_percentiles,
)


def test_head_middle_and_tail_each_contain_a_third_of_the_events() -> None:
    counts = np.array([1, 0, 4, 2, 2, 1, 2])  # 12 events: 4 | 2 + 2 | 2 + 1 + 1

    codes = popularity_class(counts)

    assert [POPULARITY_CLASSES[code] for code in codes] == [
        "tail", "never_trained", "head", "middle", "middle", "tail", "tail",
    ]  # fmt: skip


def test_an_item_with_nearly_all_events_is_in_the_head() -> None:
    assert popularity_class(np.array([98, 1, 1])).tolist() == [0, 2, 2]


def test_without_training_events_all_items_are_never_trained() -> None:
    assert popularity_class(np.array([0, 0])).tolist() == [3, 3]


def test_percentiles_count_less_popular_items_and_half_of_equally_popular_items() -> None:
    counts = np.random.default_rng(3).poisson(3, size=200)

    fewer = (counts[None, :] < counts[:, None]).sum(axis=1)
    equal = (counts[None, :] == counts[:, None]).sum(axis=1)
    np.testing.assert_allclose(popularity_percentiles(counts), (fewer + equal / 2) / 200)


def test_the_mean_percentile_is_one_half() -> None:
    counts = np.random.default_rng(1).poisson(3, size=101)

    assert popularity_percentiles(counts).mean() == pytest.approx(0.5)
