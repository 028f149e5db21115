"""Events of a user that have the same time are counted and reported."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.simultaneous import count_simultaneous
from tests.components.example_gen.logs import event, run, settings
from tests.components.example_gen.tables import SECOND, sorted_events

DAY_S = 86_400


def warnings_of(folder: Path, log: list[str], **changes: Any) -> list[str]:
    found = run(settings(folder, log, **changes), folder).report.warnings
    return [text for text in found if text.startswith("interactions.fields.timestamp")]


def dates(num_users: int, num_events: int) -> list[str]:
    """Each user has all its events on one day."""
    return [
        event(f"u{user}", f"i{n}", user * DAY_S)
        for user in range(num_users)
        for n in range(num_events)
    ]


def test_dates_without_a_time_of_day_are_reported(tmp_path: Path) -> None:
    [text] = warnings_of(tmp_path, dates(40, 5))
    assert text.startswith(
        "interactions.fields.timestamp: 200 of 200 events have the same time as another event of "
        "their user, because the times are dates without a time of day. "
    )
    assert "more precise times" in text
    assert "reject.duplicates" in text


def test_dates_with_one_event_per_user_and_day_are_not_reported(tmp_path: Path) -> None:
    log = [event(f"u{n % 9}", f"i{n}", n * DAY_S) for n in range(180)]
    assert not warnings_of(tmp_path, log)


@pytest.mark.parametrize(("num_baskets", "is_reported"), [(100, True), (40, False)])
def test_baskets_are_reported_if_most_events_are_in_one(
    tmp_path: Path, num_baskets: int, is_reported: bool
) -> None:
    """A basket is two events of one user at one time; all other events have their own time."""
    baskets = [event(f"u{n % 7}", f"i{n}{k}", 60 * n) for n in range(num_baskets) for k in "ab"]
    others = [event(f"u{n % 7}", f"i{n}", 60 * n + 30) for n in range(100)]
    found = warnings_of(tmp_path, baskets + others)
    assert bool(found) is is_reported
    assert not any("dates" in text for text in found)


def test_a_small_log_is_not_reported(tmp_path: Path) -> None:
    assert not warnings_of(tmp_path, dates(9, 5))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=40))
def test_counts_are_those_of_pairs_of_user_and_time(pairs: list[tuple[str, int]]) -> None:
    sizes = Counter(pairs)
    counts = count_simultaneous(
        sorted_events([{"user_id": user, "time_us": time * SECOND} for user, time in pairs])
    )
    assert counts["events"] == len(pairs)
    assert counts["simultaneous"] == sum(size for size in sizes.values() if size > 1)
    assert counts["dates"] == sum(time == 0 for _, time in pairs)
