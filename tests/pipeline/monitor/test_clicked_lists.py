"""Clicked lists: the join against a loop over all events."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.monitor.clicked_lists import clicked_lists
from tests.pipeline.monitor.target_events import Event, events_of
from tests.pipeline.monitor.traffic_files import record, traffic


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (("u1", "a", 100), [True, False]),
        (("u1", "b", 199), [True, False]),
        # After the next request, which lists other items.
        (("u1", "b", 200), [False, False]),
        (("u1", "c", 200), [False, True]),
        (("u1", "c", 249), [False, True]),
        # The window of 50 seconds is over.
        (("u1", "c", 250), [False, False]),
        (("u1", "a", 160), [False, False]),
        (("u1", "a", 99), [False, False]),
        (("u1", "z", 101), [False, False]),
        (("u2", "a", 101), [False, False]),
    ],
)
def test_an_event_belongs_to_the_last_list_before_it(
    tmp_path: Path, event: Event, expected: list[bool]
) -> None:
    records = [record("u1", 100.9), record("u1", 200.0, "cd")]
    window_s = 200 if event[2] == 199 else 50
    served = traffic(tmp_path, records)

    assert clicked_lists(served, events_of(served, [event]), window_s).tolist() == expected


REQUESTS = st.tuples(
    st.sampled_from(["u1", "u2"]), st.integers(0, 30), st.sampled_from(["ab", "bc"])
)
EVENTS = st.tuples(st.sampled_from(["u1", "u2", "u3"]), st.sampled_from("abcz"), st.integers(0, 60))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    # Of two requests of a user in one second, which list comes last is not defined.
    st.lists(REQUESTS, min_size=1, max_size=8, unique_by=lambda each: each[:2]),
    st.lists(EVENTS, max_size=8),
    st.integers(1, 40),
)
def test_the_join_is_that_of_a_loop(
    tmp_path: Path, requests: list[tuple[str, int, str]], events: list[Event], window_s: int
) -> None:
    served = traffic(tmp_path, [record(user, time, items) for user, time, items in requests])

    expected = []
    for user, time_s, items in requests:
        later = [other for name, other, _ in requests if name == user and other > time_s]
        end = min([time_s + window_s, *later])
        expected.append(
            any(
                name == user and item in items and time_s <= event_s < end
                for name, item, event_s in events
            )
        )

    assert clicked_lists(served, events_of(served, events), window_s).tolist() == expected
