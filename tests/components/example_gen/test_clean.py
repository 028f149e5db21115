"""The rules that need one user's events only."""

import math
from collections import Counter
from typing import Any

from components.example_gen.clean import CleanRules, clean_user
from components.example_gen.minimum_counts import apply_minimum_counts
from components.example_gen.split import Cuts
from schemas.data_settings import KeepSettings
from schemas.events import InteractionEvent, RejectReason

DAY_US = 86_400 * 10**6


def events(*times: int, **fields: Any) -> list[InteractionEvent]:
    """One event a time, on items i0, i1, …; further fields are the same for all."""
    return [
        InteractionEvent("u", time, 0, line, **{"item_id": f"i{line}", **fields})
        for line, time in enumerate(times)
    ]


def rules(now_us: int = 10**16, **keep: Any) -> CleanRules:
    return CleanRules(KeepSettings(**keep), now_us, ("log",))


def refused(found: list[InteractionEvent], applied: CleanRules, items: Any = None) -> list[Any]:
    """(line, reason) of what was refused; checks that nothing is lost and order is kept."""
    kept, rejects = clean_user(found, applied, items)
    assert kept == sorted(kept)
    assert sorted([event.line for event in kept] + [reject.line for reject in rejects]) == [
        event.line for event in found
    ]
    return [(reject.line, reject.reason) for reject in rejects]


def test_the_first_of_equal_events_is_kept():
    same = events(5, 5, 5, item_id="a")
    assert refused(same, rules()) == [(1, RejectReason.DUPLICATE), (2, RejectReason.DUPLICATE)]
    differing = [same[0], same[1]._replace(event_type="buy"), same[2]._replace(item_id="b")]
    assert refused(differing, rules()) == []


def test_event_ids_decide_where_they_exist():
    found = events(5, 6, 6, item_id="a")
    found = [e._replace(event_id=name) for e, name in zip(found, ("x", "x", "y"), strict=True)]
    assert refused(found, rules()) == [(1, RejectReason.DUPLICATE)]


def test_the_present_is_not_the_future():
    assert refused(events(5, 6), rules(now_us=5)) == [(1, RejectReason.FUTURE_TIMESTAMP)]


def test_unknown_items():
    assert refused(events(5, 6), rules(), {"i0"}) == [(1, RejectReason.UNKNOWN_ITEM)]


def test_a_day_over_the_limit_is_refused_whole():
    found = events(1, 2, DAY_US - 1, DAY_US, DAY_US + 1)
    assert refused(found, rules(max_user_events_per_day=2)) == [
        (line, RejectReason.OVER_RATE_LIMIT) for line in (0, 1, 2)
    ]


def test_types_values_and_cap():
    found = events(1, 2, 3, value=2.0, event_type="buy")
    found[0] = found[0]._replace(event_type="view")
    found[1] = found[1]._replace(value=math.nan)
    applied = rules(event_types=("buy",), min_value=1.0)
    assert refused(found, applied) == [
        (0, RejectReason.EVENT_TYPE_NOT_KEPT),
        (1, RejectReason.VALUE_BELOW_MINIMUM),
    ]
    assert refused(found, rules(max_user_events=1)) == [
        (0, RejectReason.OVER_USER_CAP),
        (1, RejectReason.OVER_USER_CAP),
    ]


def test_minimum_counts_look_at_train_only():
    found = events(1, 2, 3)
    keep = KeepSettings(min_user_events=2)
    kept, _, rejects = apply_minimum_counts(found, Cuts(1, 2), keep, None, ("log",))
    assert not kept
    assert {reject.reason for reject in rejects} == {RejectReason.TOO_FEW_USER_EVENTS}
    assert apply_minimum_counts(found, Cuts(2, 2), keep, None, ("log",))[0] == found


def test_a_minimum_of_one_keeps_users_of_the_later_splits():
    found = events(1, 2)
    assert apply_minimum_counts(found, Cuts(0, 1), KeepSettings(), None, ("log",))[0] == found


def test_cuts_move_with_refused_items():
    found = events(1, 2, 3, 4)
    counts = Counter({"i0": 1, "i1": 2, "i3": 2})
    keep = KeepSettings(min_item_events=2)
    kept, cuts, rejects = apply_minimum_counts(found, Cuts(2, 3), keep, counts, ("log",))
    assert [event.item_id for event in kept] == ["i1", "i3"]
    assert cuts == Cuts(1, 1)
    assert [reject.line for reject in rejects] == [0, 2]
