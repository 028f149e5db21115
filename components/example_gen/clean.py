"""Which of the users' events are kept: duplicates, impossible times, unknown items, `keep` rules.

Rules that need the train split are in `minimum_counts`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.duplicates import find_duplicates
from components.example_gen.rejections import Rejection
from components.example_gen.sorted_events import SortedEvents
from components.records.arrow_rows import file_and_line
from schemas.data_settings import KeepSettings, RateLimitSettings, RejectRulesSettings
from schemas.events import MICROSECONDS_PER_SECOND, SECONDS_PER_DAY, RejectReason
from schemas.features import EVENT_TYPE, ITEM_ID, VALUE

_SECONDS_PER_PERIOD = {"minute": 60, "hour": 3_600, "day": SECONDS_PER_DAY}


@dataclass(frozen=True)
class CleanRules:
    """The rules that need no more than one user's events.

    Attributes:
      keep: Which valid events are worth keeping.
      reject: Which events are impossible.
      now_us: Later events are future ones, microseconds since the epoch.
      earliest_us: Earlier events are late ones; None where there is no horizon.
      files: The log's sorted files.
    """

    keep: KeepSettings
    reject: RejectRulesSettings
    now_us: int
    earliest_us: int | None
    files: tuple[str, ...]


# Of some events, those that are left: which does a rule reject?
Rule = Callable[[SortedEvents, np.ndarray], Rejection]


def clean(
    events: SortedEvents, rules: CleanRules, known_items: pa.StringArray | None = None
) -> tuple[np.ndarray, list[Rejection]]:
    """Applies every rule but the minimum counts, in this order: duplicates, future and late
    events, unknown items, the rate limit, event types, the minimum value, the cap.

    Args:
      events: All events of some users.
      rules: What to apply.
      known_items: The catalogue's ids where events on other items are rejected, else None.

    Returns:
      [num_events] bool, which are kept, and the rejections of the others, each event in one.
    """
    is_left = np.ones(len(events), bool)
    rejections = []
    for rule in _rules(rules, known_items):
        rejection = rule(events, is_left)
        if len(rejection.events):
            is_left[rejection.events] = False
            rejections.append(rejection)
    return is_left, rejections


def _rules(rules: CleanRules, known_items: pa.StringArray | None) -> list[Rule]:
    keep, reject = rules.keep, rules.reject
    chosen: list[Rule] = []
    if reject.duplicates:
        chosen.append(lambda events, left: _duplicates(events, left, rules.files))
    if reject.future:
        chosen.append(lambda events, left: _future(events, left, rules.now_us))
    if (earliest_us := rules.earliest_us) is not None:
        chosen.append(lambda events, left: _late(events, left, earliest_us, reject.earliest))
    if known_items is not None:
        chosen.append(lambda events, left: _unknown(events, left, known_items))
    if (limit := reject.user_rate_limit) is not None:
        chosen.append(lambda events, left: _over_rate_limit(events, left, limit))
    if (types := keep.event_types) is not None:
        chosen.append(lambda events, left: _of_other_type(events, left, types))
    if (minimum := keep.min_value) is not None:
        chosen.append(lambda events, left: _below(events, left, minimum))
    if (cap := keep.max_user_events) is not None:
        chosen.append(lambda events, left: _over_cap(events, left, cap))
    return chosen


def _duplicates(events: SortedEvents, is_left: np.ndarray, files: tuple[str, ...]) -> Rejection:
    first, has_event_id = find_duplicates(events)

    def detail(event: int) -> str:
        file, line = file_and_line(int(events.place[first[event]]))
        what = "event_id" if has_event_id[event] else "user, item, time and type"
        return f"same {what} as {files[file]}, line {line}, which is kept"

    is_repeat = first != np.arange(len(events))
    return Rejection(RejectReason.DUPLICATE, np.flatnonzero(is_left & is_repeat), detail)


def _future(events: SortedEvents, is_left: np.ndarray, now_us: int) -> Rejection:
    def detail(event: int) -> str:
        later_s = (int(events.time_us[event]) - now_us) / MICROSECONDS_PER_SECOND
        return f"{later_s:.0f} s later than the start of this run; check timestamp_unit"

    found = np.flatnonzero(is_left & (events.time_us > now_us))
    return Rejection(RejectReason.FUTURE_TIMESTAMP, found, detail)


def _late(
    events: SortedEvents, is_left: np.ndarray, earliest_us: int, earliest: str | None
) -> Rejection:
    def detail(event: int) -> str:
        days = (
            (earliest_us - int(events.time_us[event])) / SECONDS_PER_DAY / MICROSECONDS_PER_SECOND
        )
        return f"{days:.2f} days before {earliest}, the earliest time that is taken"

    found = np.flatnonzero(is_left & (events.time_us < earliest_us))
    return Rejection(RejectReason.LATE, found, detail)


def _unknown(events: SortedEvents, is_left: np.ndarray, known_items: pa.StringArray) -> Rejection:
    items, codes = events.texts(ITEM_ID), events.codes(ITEM_ID)
    is_known = pc.is_in(items, value_set=known_items).to_numpy(zero_copy_only=False)

    def detail(event: int) -> str:
        return (
            f"item {items[codes[event]].as_py()} is not in the catalogue; "
            "add it, or set items.unknown: accept to take logged items in without content"
        )

    found = np.flatnonzero(is_left & ~_of_code(is_known, codes))
    return Rejection(RejectReason.UNKNOWN_ITEM, found, detail)


def _over_rate_limit(
    events: SortedEvents, is_left: np.ndarray, limit: RateLimitSettings
) -> Rejection:
    period = events.time_us // (_SECONDS_PER_PERIOD[limit.per] * MICROSECONDS_PER_SECOND)
    begins = np.ones(len(events), bool)
    begins[1:] = (np.diff(events.user) != 0) | (np.diff(period) != 0)
    group = np.cumsum(begins) - 1
    counts = np.bincount(group, weights=is_left).astype(np.int64)[group]

    def detail(event: int) -> str:
        return (
            f"{counts[event]} events of this user in that {limit.per} (UTC), "
            f"at most {limit.events} allowed"
        )

    found = np.flatnonzero(is_left & (counts > limit.events))
    return Rejection(RejectReason.OVER_RATE_LIMIT, found, detail)


def _of_other_type(events: SortedEvents, is_left: np.ndarray, kept: tuple[str, ...]) -> Rejection:
    types, codes = events.texts(EVENT_TYPE), events.codes(EVENT_TYPE)
    is_kept = pc.is_in(types, value_set=pa.array(kept)).to_numpy(zero_copy_only=False)

    def detail(event: int) -> str:
        return f"type {types[codes[event]].as_py()!r}, kept are {', '.join(kept)}"

    found = np.flatnonzero(is_left & ~_of_code(is_kept, codes))
    return Rejection(RejectReason.EVENT_TYPE_NOT_KEPT, found, detail)


def _below(events: SortedEvents, is_left: np.ndarray, minimum: float) -> Rejection:
    values = events.numbers(VALUE)

    def detail(event: int) -> str:
        return f"value {values[event]}, at least {minimum} is kept"

    found = np.flatnonzero(is_left & ~(values >= minimum))
    return Rejection(RejectReason.VALUE_BELOW_MINIMUM, found, detail)


def _over_cap(events: SortedEvents, is_left: np.ndarray, cap: int) -> Rejection:
    left = np.flatnonzero(is_left)
    user = events.user[left]
    ends = np.searchsorted(user, user, side="right")
    num_newer = ends - 1 - np.arange(len(left))

    def detail(event: int) -> str:
        return f"older than this user's newest {cap} events"

    return Rejection(RejectReason.OVER_USER_CAP, left[num_newer >= cap], detail)


def _of_code(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """`values` by code; also where there is none of either."""
    return values[codes] if len(codes) else np.zeros(0, bool)
