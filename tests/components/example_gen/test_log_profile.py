"""The distribution of the kept events over time, users and items."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.log_profile import log_profile, period_width_s
from tests.components.example_gen.logs import event, run, settings

DAY_S = 86_400


@given(st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=20))
def test_a_log_has_at_most_ninety_one_periods(times_s: list[int]) -> None:
    width_s = period_width_s(np.array(times_s, np.int64) * 1_000_000)
    assert max(times_s) // width_s - min(times_s) // width_s <= 90


@pytest.mark.parametrize(
    ("span_s", "width_s"),
    [(0, 60), (3600, 60), (2 * DAY_S, 3600), (60 * DAY_S, DAY_S), (400 * DAY_S, 7 * DAY_S)],
)
def test_periods_have_round_widths(span_s: int, width_s: int) -> None:
    assert period_width_s(np.array([0, span_s * 1_000_000])) == width_s


def test_a_log_without_events_has_a_width() -> None:
    assert period_width_s(np.array([], np.int64)) == 60


def test_the_counts_of_an_ingestion_are_those_of_its_log(tmp_path: Path) -> None:
    log = [
        event(f"u{user}", f"i{(user + n) % 5}", 1_700_000_000 + (n * 7 + user) * DAY_S // 8)
        for user in range(9)
        for n in range(user + 1)
    ]
    report = run(settings(tmp_path, log), tmp_path).report

    profile = report.profile
    events = profile["events_by_period"]
    assert {split: sum(count for _, count in rows) for split, rows in events.items()} == {
        split: counts["events"] for split, counts in report.splits.items()
    }
    assert all(start % profile["period_s"] == 0 for rows in events.values() for start, _ in rows)
    assert profile["users_by_events"] == [[1, 1, 1], [2, 3, 2], [4, 7, 4], [8, 15, 2]]
    by_item = Counter(json.loads(line)["item"] for line in log)
    assert [count for _, count in profile["items_by_rank"]] == sorted(
        by_item.values(), reverse=True
    )


def test_a_log_without_times_has_no_periods() -> None:
    summary = {
        "splits": {"train": {}},
        "period_s": 60,
        "events_by_period": [["train", 0, 3]],
        "users_by_events": [[3, 1]],
        "item_popularity": {"ranks": [[1, 3]], "top": []},
    }
    assert "events_by_period" not in log_profile(summary, has_times=False)
    assert log_profile(summary, has_times=True)["events_by_period"] == {"train": [[0, 3]]}
