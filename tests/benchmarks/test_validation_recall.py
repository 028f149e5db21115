"""Tests that the metrics that the validation benchmark compares give the same numbers."""

from benchmarks.validation_recall import (
    BRUTE_FORCE,
    COUNTING,
    STREAMING,
    MetricInputs,
    compare,
    same_numbers,
    table,
)


def test_all_metrics_give_the_same_numbers() -> None:
    inputs = MetricInputs.generate(num_queries=90, num_candidates=300, dim=8)

    runs = compare(inputs, batch=40, repetitions=1)

    assert same_numbers(runs)
    assert 0 < runs[COUNTING].recall[-1] < 1
    (line,) = (line for line in table(inputs, runs).splitlines() if line.startswith(COUNTING))
    assert line.endswith("equal")
    assert {BRUTE_FORCE, COUNTING, STREAMING} < set(runs)
