"""Tests of the rules that reject events of one user, and of the minimum counts."""

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.clean import CleanRules, clean
from components.example_gen.minimum_counts import below_minimum_counts
from components.example_gen.rejected_events import to_rejects
from components.example_gen.sorted_events import SortedEvents
from components.example_gen.split import Cuts
from schemas.data_settings import KeepSettings, RateLimitSettings, RejectRulesSettings
from schemas.events import RejectReason
from tests.components.example_gen.tables import SECOND, at_times, lines_of, sorted_events

DAY = 86_400 * SECOND


def rules(
    now_us: int = 10**16, earliest_us: int | None = None, keep: Any = None, **reject: Any
) -> CleanRules:
    return CleanRules(
        KeepSettings(**(keep or {})), RejectRulesSettings(**reject), now_us, earliest_us, ("log",)
    )


def rejected(
    events: SortedEvents, applied: CleanRules, items: Any = None
) -> list[tuple[int, RejectReason]]:
    """Returns (line, reason) of the rejected events.

    Checks that each event is either kept or rejected once.
    """
    known = None if items is None else pa.array(items, pa.string())
    is_kept, rejections = clean(events, applied, known)
    rejects = list(to_rejects(events, rejections, ("log",)))
    lines = lines_of(events, is_kept) + [reject.line for reject in rejects]
    assert sorted(lines) == list(range(len(events)))
    assert all(reject.detail and json.loads(reject.raw)["user_id"] for reject in rejects)
    return sorted((reject.line, reject.reason) for reject in rejects)


def test_the_first_of_equal_events_is_kept() -> None:
    same = at_times(5, 5, 5, item_id="a")
    assert rejected(same, rules()) == [(1, RejectReason.DUPLICATE), (2, RejectReason.DUPLICATE)]
    differing = sorted_events(
        [{"event_type": "view"}, {"event_type": "buy"}, {"item_id": "b"}, {"user_id": "v"}]
    )
    assert rejected(differing, rules()) == []
    assert rejected(same, rules(duplicates=False)) == []


def test_the_detail_of_a_duplicate_names_the_kept_event() -> None:
    events = sorted_events([{"time_us": 9, "event_id": "x"}, {"time_us": 2, "event_id": "x"}])
    _, rejections = clean(events, rules())
    (reject,) = to_rejects(events, rejections, ("log",))
    assert (reject.line, reject.file) == (0, "log")
    assert reject.detail == "same event_id as log, line 1, which is kept"
    assert json.loads(reject.raw) == {
        "user_id": "u", "time_us": 9, "item_id": "i", "event_id": "x"
    }  # fmt: skip


@st.composite
def repeated(draw: st.DrawFn) -> list[dict[str, Any]]:
    field = st.integers(0, 2)
    return [
        {
            "user_id": f"u{draw(field)}",
            "item_id": f"i{draw(field)}",
            "time_us": draw(field),
            "event_type": draw(st.sampled_from(["", "view", "buy"])),
            "event_id": draw(st.sampled_from(["", "", "a", "b"])),
        }
        for _ in range(draw(st.integers(0, 25)))
    ]


@given(repeated())
def test_duplicates_agree_with_a_loop(rows: list[dict[str, Any]]) -> None:
    seen, expected = set(), []
    for line, row in sorted(enumerate(rows), key=lambda entry: (entry[1]["time_us"], entry[0])):
        without_id = (row["item_id"], row["time_us"], row["event_type"])
        key = (row["user_id"], row["event_id"] or without_id)
        if key in seen:
            expected.append((line, RejectReason.DUPLICATE))
        seen.add(key)
    assert rejected(sorted_events(rows), rules()) == sorted(expected)


def test_events_later_than_now_are_in_the_future() -> None:
    assert rejected(at_times(5, 6), rules(now_us=5)) == [(1, RejectReason.FUTURE_TIMESTAMP)]
    assert rejected(at_times(5, 6), rules(now_us=5, future=False)) == []


def test_events_before_the_earliest_time_are_late() -> None:
    actual = rejected(at_times(4, 5), rules(earliest_us=5, earliest="1970-01-01"))
    assert actual == [(0, RejectReason.LATE)]


def test_unknown_items_are_rejected_with_a_strict_catalogue() -> None:
    assert rejected(at_times(1, 2), rules(), {"i1"}) == [(0, RejectReason.UNKNOWN_ITEM)]
    assert rejected(at_times(1, 2), rules(), []) == [
        (0, RejectReason.UNKNOWN_ITEM),
        (1, RejectReason.UNKNOWN_ITEM),
    ]


@pytest.mark.parametrize(("per", "period"), [("minute", 60), ("hour", 3600), ("day", 86_400)])
def test_all_events_of_a_period_over_the_limit_are_rejected(per: Any, period: int) -> None:
    end = period * SECOND
    events = at_times(1, 2, end - 1, end, end + 1)
    limit = RateLimitSettings(events=2, per=per)
    assert rejected(events, rules(user_rate_limit=limit)) == [
        (line, RejectReason.OVER_RATE_LIMIT) for line in (0, 1, 2)
    ]


def test_the_rate_limit_is_per_user_and_ignores_duplicates() -> None:
    rows = [{"user_id": u, "item_id": f"i{n % 2}"} for n, u in enumerate("aabb" + "aa")]
    limit = RateLimitSettings(events=2, per="day")
    assert rejected(sorted_events(rows), rules(user_rate_limit=limit)) == [
        (4, RejectReason.DUPLICATE),
        (5, RejectReason.DUPLICATE),
    ]


def test_other_types_and_low_or_missing_values_are_rejected() -> None:
    events = sorted_events(
        [
            {"event_type": "view", "value": 1.0},
            {"event_type": "error", "value": 1.0},
            {"event_type": "view", "value": 0.4, "item_id": "b"},
            {"event_type": "view", "value": math.nan, "item_id": "c"},
        ]
    )
    assert rejected(events, rules(keep={"event_types": ("view",), "min_value": 0.5})) == [
        (1, RejectReason.EVENT_TYPE_NOT_KEPT),
        (2, RejectReason.VALUE_BELOW_MINIMUM),
        (3, RejectReason.VALUE_BELOW_MINIMUM),
    ]


def test_rules_accept_an_empty_table() -> None:
    all_rules = rules(
        earliest_us=1,
        earliest="1970-01-01",
        user_rate_limit=RateLimitSettings(events=1),
        keep={"event_types": ("view",), "min_value": 1.0},
    )
    assert rejected(sorted_events([]), all_rules, {"i"}) == []


def below_minimum(
    events: SortedEvents, cuts: Cuts, counts: Counter[str] | None = None, **keep: Any
) -> list[tuple[int, RejectReason]]:
    is_kept, rejections = below_minimum_counts(events, cuts, KeepSettings(**keep), counts)
    rejects = list(to_rejects(events, rejections, ("log",)))
    assert len(rejects) + is_kept.sum() == len(events)
    return sorted((reject.line, reject.reason) for reject in rejects)


def test_users_with_too_few_train_events_are_rejected_in_every_split() -> None:
    rows = [{"user_id": user, "time_us": n, "item_id": f"i{n}"} for n, user in enumerate("aaab")]
    events = sorted_events(rows)
    cuts = Cuts(eval=np.array([2, 3]), test=np.array([2, 4]))
    assert below_minimum(events, cuts, min_user_events=2) == [(3, RejectReason.TOO_FEW_USER_EVENTS)]
    assert below_minimum(events, cuts, min_user_events=3) == [
        (line, RejectReason.TOO_FEW_USER_EVENTS) for line in range(4)
    ]
    assert below_minimum(events, cuts, min_user_events=1) == []


def test_items_with_too_few_train_events_are_rejected_in_every_split() -> None:
    events = at_times(1, 2, 3)
    cuts = Cuts(eval=np.array([2]), test=np.array([3]))
    counts = Counter({"i0": 1, "i1": 5})
    assert below_minimum(events, cuts, counts, min_item_events=2) == [
        (0, RejectReason.TOO_FEW_ITEM_EVENTS),
        (2, RejectReason.TOO_FEW_ITEM_EVENTS),
    ]
