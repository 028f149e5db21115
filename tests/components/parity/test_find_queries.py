"""Finding the queries of a parity sample in raw windows."""

from components.parity.find_queries import find_queries
from tests.components.parity.samples import sample_of, windows_of

A = [("a", 10), ("b", 20), ("c", 30)]


def test_queries_are_found_by_items_and_timestamps_in_any_order_of_windows() -> None:
    other_times = [("a", 10), ("b", 21), ("c", 30)]
    other_items = [("a", 10), ("c", 20), ("b", 30)]
    longer = [("z", 5), *A]
    windows = windows_of([("u", longer), ("v", other_times), ("w", A), ("x", other_items)])
    sample = sample_of([("", A), ("", longer), ("", A), ("", other_items)], [2, 3, 0, 1])

    found = find_queries(sample, windows)

    # The windows begin at events 0, 4, 7 and 10.
    assert found.row.tolist() == [0, 1, 2, 3]
    assert found.position.tolist() == [7 + 2, 0 + 3, 7 + 0, 10 + 1]
    assert (found.num_ambiguous, found.num_missing) == (0, 0)


def test_queries_whose_window_two_users_have_are_left_out_and_counted() -> None:
    alone = [("a", 10), ("b", 30)]
    windows = windows_of([("u", A), ("v", alone), ("w", A)])

    found = find_queries(sample_of([("", A), ("", alone), ("", A)], [1, 1, 2]), windows)

    assert found.row.tolist() == [1]
    assert found.position.tolist() == [3 + 1]
    assert (found.num_ambiguous, found.num_missing) == (2, 0)


def test_queries_whose_window_is_missing_are_counted() -> None:
    shifted = [(item, time_s + 1) for item, time_s in A]

    for windows in (windows_of([("u", shifted)]), windows_of([])):
        found = find_queries(sample_of([("", A)], [1]), windows)

        assert len(found.row) == len(found.position) == 0
        assert (found.num_ambiguous, found.num_missing) == (0, 1)
