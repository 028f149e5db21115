"""Limits of metrics: no ranking is outside them, and equal limits mean a constant metric."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.metric_limits import metric_limits
from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.queries import Queries
from components.evaluator.ranking import rank_queries
from schemas.metrics import COVERAGE, accuracy_names
from tests.components.evaluator.logs import queries_of

CUTOFFS = (1, 2, 3)


def values(queries: Queries, num_items: int, order: tuple[int, ...]) -> dict[str, float]:
    """Returns the metrics if every query ranks the items in the given order."""
    scores = np.empty((len(queries), num_items), np.float32)
    scores[:, list(order)] = -np.arange(num_items, dtype=np.float32)
    by_query = accuracy(rank_queries(lambda rows: scores[rows].copy(), queries, num_items), CUTOFFS)
    return {name: float(mean_by_user(v, queries.user).mean()) for name, v in by_query.items()}


relevant_and_seen = st.sets(st.integers(0, 3), min_size=1).flatmap(
    lambda relevant: st.tuples(
        st.just(sorted(relevant)), st.sets(st.sampled_from(range(4))).map(lambda s: s - relevant)
    )
)


@given(relevant_and_seen)
def test_limits_are_those_of_all_orders(query: tuple[list[int], set[int]]) -> None:
    queries = queries_of([query[0]], [query[1]])
    limits = metric_limits(queries, 4, CUTOFFS)
    by_order = [values(queries, 4, order) for order in itertools.permutations(range(4))]
    assert limits.max_candidates == 4 - len(query[1])
    for name in accuracy_names(CUTOFFS):
        reached = [by_name[name] for by_name in by_order]
        assert min(reached) == pytest.approx(limits.worst[name])
        assert max(reached) == pytest.approx(limits.best[name])
        assert limits.is_constant(name) == (max(reached) - min(reached) < 1e-12)


@pytest.mark.parametrize(
    ("num_items", "seen", "constant"),
    [
        (10, [set(), set()], {"recall@10", "hit_rate@10", COVERAGE}),
        (11, [set(), set()], set()),
        (12, [{2, 3}, {4, 5}], {"recall@10", "hit_rate@10", COVERAGE}),
        (12, [{2, 3}, {4}], set()),
        (2, [{1}, {0}], {*accuracy_names(CUTOFFS), COVERAGE}),
    ],
    ids=["ten items", "eleven items", "ten unseen", "one query has eleven", "one candidate"],
)
def test_metrics_that_are_constant(
    num_items: int, seen: list[set[int]], constant: set[str]
) -> None:
    limits = metric_limits(queries_of([[0], [1]], seen), num_items, CUTOFFS)
    names = (*accuracy_names(CUTOFFS), COVERAGE)
    assert {name for name in names if limits.is_constant(name)} == constant


def test_in_a_large_catalogue_no_metric_is_constant() -> None:
    limits = metric_limits(queries_of([[0]], [{1, 2}]), 10**6, (100, 500))
    names = (*accuracy_names((100, 500)), COVERAGE)
    assert not any(limits.is_constant(name) for name in names)
    assert limits.max_candidates == 10**6 - 2
