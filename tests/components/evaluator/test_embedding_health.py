"""Diagnostics of embeddings with known defects."""

import numpy as np
import pytest

from components.evaluator.columns import NO_ITEM
from components.evaluator.embedding_health import effective_rank, embedding_health, hubness


def test_effective_rank_is_the_number_of_dimensions_with_equal_variance() -> None:
    generator = np.random.default_rng(3)
    spread = generator.normal(size=(20_000, 8))

    assert effective_rank(spread) == pytest.approx(8, abs=0.05)
    assert effective_rank(spread * [1, 1, 1, 0, 0, 0, 0, 0]) == pytest.approx(3, abs=0.05)
    assert effective_rank(np.outer(generator.normal(size=50), np.ones(8))) == pytest.approx(1)
    assert effective_rank(np.ones((50, 8))) == 0


def test_collapsed_dimensions_and_norms() -> None:
    candidates = np.random.default_rng(4).normal(size=(500, 4)).astype(np.float32)
    candidates[:, 1] = 5.0
    candidates[:, 3] *= 0.001
    queries = np.tile(np.array([3, 0, 4, 0], np.float32), (7, 1))

    result = embedding_health(queries, candidates, np.zeros((7, 1), np.int64))

    assert result["dim"] == 4
    assert result["candidate"]["collapsed_dimensions"] == 2
    assert result["candidate"]["effective_rank"] == pytest.approx(2, abs=0.1)
    assert result["query"] == {
        "norm": {"p1": 5.0, "p50": 5.0, "p99": 5.0},
        "collapsed_dimensions": 4,
        "effective_rank": 0.0,
        "spread": 0.0,
    }


def test_hubness_of_an_item_that_is_in_every_list() -> None:
    even = np.arange(200).reshape(100, 2)
    hub = even.copy()
    hub[:, 0] = 0

    assert hubness(even, 200) == {"skewness": 0.0, "top_percent_share": 2 / 200}
    result = hubness(hub, 200)
    assert result["skewness"] > 10
    assert result["top_percent_share"] == pytest.approx((100 + 1) / 200)


def test_skewness_is_the_third_standardised_moment() -> None:
    top = np.array([[0, 0], [0, 1], [NO_ITEM, NO_ITEM]])
    counts = np.array([3, 1, 0])

    deviation = counts - 4 / 3
    expected = (deviation**3).mean() / (deviation**2).mean() ** 1.5
    assert hubness(top, 3)["skewness"] == pytest.approx(expected)
