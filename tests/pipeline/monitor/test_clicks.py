"""Clicks by label: a simulated A/B test, and the numbers of small arms."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.monitor.arms import MIN_CLICKING_USERS, MIN_USERS
from pipeline.monitor.clicks import measure_clicks
from schemas import traffic as t
from schemas.errors import InputError
from tests.pipeline.monitor.target_events import LAST_S, Event, events_of
from tests.pipeline.monitor.traffic_files import record, traffic


def simulate(
    rates: dict[str, float], num_users: int, generator: np.random.Generator
) -> tuple[list[Any], list[Event]]:
    """Returns lists of users who click each list with the probability of their label."""
    records, events = [], []
    for number in range(num_users):
        label = list(rates)[number % len(rates)]
        # Users differ, and their lists depend on each other.
        probability = generator.beta(2.0, 2.0 / rates[label] - 2.0)
        for visit in range(generator.integers(1, 5)):
            time_s = 1_000 * (visit + 1) + number % 500
            records.append(record(f"u{number}", time_s, values={t.LABEL: label}))
            if generator.random() < probability:
                events.append((f"u{number}", "b", time_s + int(generator.integers(0, 300))))
    return records, events


def test_intervals_contain_the_simulated_rates(tmp_path: Path) -> None:
    rates = {"stable": 0.10, "canary": 0.16}
    generator = np.random.default_rng(11)
    hits = {"stable": 0, "canary": 0, "difference": 0}
    repeats = 20
    for _ in range(repeats):
        records, events = simulate(rates, 400, generator)
        served = traffic(tmp_path, records)
        clicks = measure_clicks(served, events_of(served, events), 600, None)
        stable, canary = clicks.arms
        assert (stable.name, canary.name) == ("stable", "canary")
        for arm in clicks.arms:
            assert arm.interval is not None
            hits[arm.name] += arm.interval[0] <= rates[arm.name] <= arm.interval[1]
        assert canary.difference_interval is not None
        low, high = canary.difference_interval
        hits["difference"] += low <= 0.06 <= high

    # With a probability of 95 %, 17 of 20 or more hits occur in 98 % of cases.
    assert min(hits.values()) >= 17, hits


def test_the_numbers_of_an_arm_are_those_of_its_lists(tmp_path: Path) -> None:
    records = [
        record("u1", 10.0),
        record("u1", 20.0),
        record("u2", 10.0),
        record("u2", 30.0, values={t.LABEL: "canary", t.VERSION: 2}),
        record("", 10.0),
        record("u3", LAST_S - 50.0),
        record("u4", 10.0, values={t.LABEL: "", t.VERSION: 7}),
    ]
    served = traffic(tmp_path, records)

    clicks = measure_clicks(
        served, events_of(served, [("u1", "a", 12), ("u2", "b", 31)]), 100, None
    )

    stable, canary, unlabelled = clicks.arms
    assert (clicks.baseline, clicks.left_out, clicks.target_events) == ("stable", 2, 2)
    assert (stable.lists, stable.users, stable.clicked_lists, stable.rate) == (3, 2, 1, 0.25)
    assert (canary.versions, canary.rate, canary.difference) == ((2,), 1.0, 0.75)
    assert (unlabelled.name, unlabelled.rate, unlabelled.difference) == ("version 7", 0.0, -0.25)
    assert {arm.interval for arm in clicks.arms} == {None}


@pytest.mark.parametrize(
    ("users", "clicking"), [(MIN_USERS - 1, 30), (MIN_USERS, MIN_CLICKING_USERS - 1)]
)
def test_too_few_users_have_no_interval(tmp_path: Path, users: int, clicking: int) -> None:
    served = traffic(tmp_path, [record(f"u{number}", 10.0) for number in range(users)])
    events = [(f"u{number}", "a", 11) for number in range(clicking)]

    (arm,) = measure_clicks(served, events_of(served, events), 100, None).arms

    assert (arm.users, arm.clicking_users, arm.interval) == (users, clicking, None)


def test_the_baseline_can_be_chosen(tmp_path: Path) -> None:
    records = [record("u1", 10.0, values={t.LABEL: label}) for label in ("blue", "green")]
    served = traffic(tmp_path, records)
    events = events_of(served, [])

    assert measure_clicks(served, events, 10, None).baseline == "blue"
    assert measure_clicks(served, events, 10, "green").arms[0].name == "green"
    with pytest.raises(InputError, match="--baseline red: not in the traffic, which has blue, gr"):
        measure_clicks(served, events, 10, "red")


@pytest.mark.parametrize(
    ("user", "second", "window_s", "message"),
    [
        ("u1", 20_000.0, 10, "do not overlap in time"),
        ("u1", 9_000.0, 2_000, "has its whole window of 2,000 s within the interaction log"),
        ("", 10.0, 10, "no request of the traffic has a user id"),
    ],
)
def test_lists_without_a_window_in_the_log_are_an_error(
    tmp_path: Path, user: str, second: float, window_s: int, message: str
) -> None:
    served = traffic(tmp_path, [record(user, second)])

    with pytest.raises(InputError, match=message):
        measure_clicks(served, events_of(served, []), window_s, None)
