"""The forms that the validation benchmark compares give the same numbers."""

from benchmarks.validation import BRUTE_FORCE, OURS, STREAMING, World, compare, same_numbers, table


def test_all_forms_give_the_same_numbers() -> None:
    world = World.of(num_queries=90, num_candidates=300, dim=8)

    runs = compare(world, batch=40, repetitions=1)

    assert same_numbers(runs)
    assert 0 < runs[OURS].recall[-1] < 1
    (line,) = (line for line in table(world, runs).splitlines() if line.startswith(OURS))
    assert line.endswith("equal")
    assert {BRUTE_FORCE, OURS, STREAMING} < set(runs)
