"""The comparison of traffic with the evaluation, and its verdicts."""

from dataclasses import replace

import numpy as np
import pytest

from components.served_lists import ListMeasures, ServedLists, measure_lists
from pipeline.monitor.compare import MIN_LISTS, RELATIVE, Comparison, compare

NUM_ITEMS = 200


def measures(
    seed: int,
    num_requests: int = 1_000,
    num_users: int = 400,
    mean_history: float = 20.0,
    items: int = NUM_ITEMS,
    shift: float = 0.0,
    like: ListMeasures | None = None,
) -> ListMeasures:
    """Returns measures of random lists of ten items, over the score bins of others if given."""
    generator = np.random.default_rng(seed)
    history = generator.poisson(mean_history, num_requests)
    listed = [generator.permutation(items)[:10] for _ in range(num_requests)]
    scores = np.sort(generator.normal(shift, 1.0, (num_requests, 10)), axis=1)[:, ::-1]
    lists = ServedLists(
        user=generator.integers(num_users, size=num_requests),
        is_known_user=generator.random(num_requests) < 0.8,
        history_length=history,
        num_history_ids=history,
        num_unknown_items=generator.binomial(history, 0.05),
        k=np.full(num_requests, 10),
        offsets=np.arange(num_requests + 1) * 10,
        item=np.concatenate(listed),
        score=scores.ravel().astype(np.float32),
    )
    edges = {rank: each.edges for rank, each in like.scores.items()} if like else None
    return measure_lists(lists, 100, edges)


EVALUATED = measures(1)


def verdicts(served: ListMeasures) -> dict[str, Comparison]:
    return {row.measure: row for row in compare(served, EVALUATED, NUM_ITEMS)}


def test_traffic_like_the_evaluation_is_as_evaluated() -> None:
    rows = verdicts(measures(2, like=EVALUATED))

    assert list(rows) == [
        "history length, mean",
        "empty histories",
        "unknown users",
        "unknown items in histories",
        "lists that are short",
        "score at rank 1, median",
        "score at rank 10, median",
        "coverage@10 of 1,000 lists",
    ]
    assert {row.verdict for row in rows.values()} == {"as evaluated"}


@pytest.mark.parametrize(
    ("served", "measure", "verdict"),
    [
        (
            measures(2, mean_history=5, like=EVALUATED),
            "history length, mean",
            "large change: lower",
        ),
        (measures(2, shift=0.2, like=EVALUATED), "score at rank 10, median", "moderate change: hi"),
        (measures(2, shift=2.0, like=EVALUATED), "score at rank 1, median", "large change: higher"),
        (measures(2, items=40, like=EVALUATED), "coverage@10 of 1,000 lists", "lower than evalu"),
    ],
)
def test_a_change_is_found(served: ListMeasures, measure: str, verdict: str) -> None:
    rows = verdicts(served)

    changed = [row for row in rows.values() if not row.verdict.startswith("as evaluated")]
    assert rows[measure] in changed
    assert rows[measure].verdict.startswith(verdict)
    about = measure.split()[0]
    assert {row.measure.split()[0] for row in changed} == {about}


def test_few_users_may_differ_by_chance() -> None:
    rows = verdicts(measures(3, num_requests=20, num_users=20, like=EVALUATED))

    row = rows["history length, mean"]
    assert row.distance is not None
    assert row.limit is not None
    assert 0.1 < row.distance < row.limit
    assert "within chance for" in row.verdict
    coverage = rows["coverage@10 of 20 lists"]
    assert (coverage.distance_name, coverage.verdict) == (RELATIVE, f"fewer than {MIN_LISTS} lists")


def test_coverage_is_compared_at_equal_numbers_of_lists() -> None:
    rows = verdicts(measures(2, num_requests=3_000, like=EVALUATED))

    row = rows["coverage@10 of 1,000 lists"]
    assert row.served == pytest.approx(row.evaluated, rel=0.01)


def test_without_a_reference_nothing_is_concluded() -> None:
    rows = compare(measures(2), None, 0)

    assert {row.verdict for row in rows} == {""}
    assert {row.evaluated for row in rows} == {None}
    assert rows[0].served == pytest.approx(20, rel=0.05)


def test_what_is_not_known_has_no_verdict() -> None:
    served = replace(measures(2, like=EVALUATED), unknown_users=None)

    row = verdicts(served)["unknown users"]

    assert (row.served, row.distance, row.verdict) == (None, None, "")
    assert row.evaluated == pytest.approx(0.2, abs=0.05)
