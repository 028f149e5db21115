"""The rules that reject events of one user: duplicates, impossible times, unknown items, `keep`.

Rules that depend on the splits are in `user_cap` and `minimum_counts`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.duplicates import find_duplicates
from components.example_gen.id_diagnosis import spelled_otherwise
from components.example_gen.rejected_events import RejectedEvents
from components.example_gen.sorted_events import SortedEvents
from components.records.arrow_rows import file_and_line
from schemas.data_settings import KeepSettings, RateLimitSettings, RejectRulesSettings
from schemas.events import MICROSECONDS_PER_SECOND, SECONDS_PER_DAY, RejectReason
from schemas.features import EVENT_TYPE, ITEM_ID, VALUE

_SECONDS_PER_PERIOD = {"minute": 60, "hour": 3_600, "day": SECONDS_PER_DAY}


@dataclass(frozen=True)
class CleanRules:
    """The rules of the configuration that apply to the events of one user.

    Attributes:
      keep: The rules that select among valid events.
      reject: The rules for invalid events.
      now_us: Later events are in the future, microseconds since the epoch, UTC.
      earliest_us: Earlier events are too old, microseconds since the epoch, UTC; None for no limit.
      files: The sorted files of the log.
    """

    keep: KeepSettings
    reject: RejectRulesSettings
    now_us: int
    earliest_us: int | None
    files: tuple[str, ...]


# From events and the [num_events] bool mask of those that remain to the events that are rejected.
Rule = Callable[[SortedEvents, npt.NDArray[np.bool_]], RejectedEvents]


def clean(
    events: SortedEvents,
    rules: CleanRules,
    known_items: pa.StringArray | None = None,
    rejected_items: Mapping[str, str] = MappingProxyType({}),
) -> tuple[npt.NDArray[np.bool_], list[RejectedEvents]]:
    """Applies every rule that does not depend on the splits.

    The order is: duplicates, future events, late events, unknown items, rate limit, event types,
    minimum value.

    Args:
      events: All events of some users.
      rules: The rules to apply.
      known_items: The ids of the catalogue; None to accept all items.
      rejected_items: Why the rows of an item were rejected, by its id.

    Returns:
      A [num_events] bool mask of the kept events, and the rejected events by rule. Each event is
      kept or rejected by exactly one rule.
    """
    is_left = np.ones(len(events), bool)
    rejected = []
    for rule in _rules(rules, known_items, rejected_items):
        by_rule = rule(events, is_left)
        if len(by_rule.events):
            is_left[by_rule.events] = False
            rejected.append(by_rule)
    return is_left, rejected


def _rules(
    rules: CleanRules, known_items: pa.StringArray | None, rejected_items: Mapping[str, str]
) -> list[Rule]:
    keep, reject = rules.keep, rules.reject
    active: list[Rule] = []
    if reject.duplicates:
        active.append(lambda events, left: _duplicates(events, left, rules.files))
    if reject.future:
        active.append(lambda events, left: _future(events, left, rules.now_us))
    if (earliest_us := rules.earliest_us) is not None:
        active.append(lambda events, left: _late(events, left, earliest_us, reject.earliest))
    if known_items is not None:
        active.append(
            lambda events, left: _unknown_items(events, left, known_items, rejected_items)
        )
    if (limit := reject.user_rate_limit) is not None:
        active.append(lambda events, left: _over_rate_limit(events, left, limit))
    if (types := keep.event_types) is not None:
        active.append(lambda events, left: _other_event_types(events, left, types))
    if (minimum := keep.min_value) is not None:
        active.append(lambda events, left: _below_min_value(events, left, minimum))
    return active


def _duplicates(
    events: SortedEvents, is_left: npt.NDArray[np.bool_], files: tuple[str, ...]
) -> RejectedEvents:
    first, has_event_id = find_duplicates(events)

    def detail(event: int) -> str:
        file, line = file_and_line(int(events.position[first[event]]))
        fields = "event_id" if has_event_id[event] else "user, item, time and type"
        return f"same {fields} as {files[file]}, line {line}, which is kept"

    is_duplicate = first != np.arange(len(events))
    return RejectedEvents(RejectReason.DUPLICATE, np.flatnonzero(is_left & is_duplicate), detail)


def _future(events: SortedEvents, is_left: npt.NDArray[np.bool_], now_us: int) -> RejectedEvents:
    def detail(event: int) -> str:
        later_s = (int(events.time_us[event]) - now_us) / MICROSECONDS_PER_SECOND
        return f"{later_s:.0f} s later than the start of this run; check timestamp_unit"

    rejected = np.flatnonzero(is_left & (events.time_us > now_us))
    return RejectedEvents(RejectReason.FUTURE_TIMESTAMP, rejected, detail)


def _late(
    events: SortedEvents, is_left: npt.NDArray[np.bool_], earliest_us: int, earliest: str | None
) -> RejectedEvents:
    def detail(event: int) -> str:
        days = (
            (earliest_us - int(events.time_us[event])) / SECONDS_PER_DAY / MICROSECONDS_PER_SECOND
        )
        return f"{days:.2f} days before interactions.reject.earliest ({earliest})"

    rejected = np.flatnonzero(is_left & (events.time_us < earliest_us))
    return RejectedEvents(RejectReason.LATE, rejected, detail)


def _unknown_items(
    events: SortedEvents,
    is_left: npt.NDArray[np.bool_],
    known_items: pa.StringArray,
    rejected_items: Mapping[str, str],
) -> RejectedEvents:
    items, codes = events.texts(ITEM_ID), events.codes(ITEM_ID)
    is_known = pc.is_in(items, value_set=known_items).to_numpy(zero_copy_only=False)

    rejected = np.flatnonzero(is_left & ~_take(is_known, codes))
    unknown = items.take(pa.array(np.unique(codes[rejected]))).to_pylist()
    other_spelling = spelled_otherwise(unknown, known_items)

    def detail(event: int) -> str:
        item = items[codes[event]].as_py()
        if item in rejected_items:
            return (
                f"the row of item {item} in the catalogue was rejected "
                f"({rejected_items[item]}); correct the row"
            )
        if item in other_spelling:
            return (
                f"item {item} is not in the catalogue, but {other_spelling[item]} is; set "
                "ids.normalise, or write the ids in the same way"
            )
        return (
            f"item {item} is not in the catalogue; "
            "add it, or set items.unknown: accept to add logged items without content"
        )

    return RejectedEvents(RejectReason.UNKNOWN_ITEM, rejected, detail)


def _over_rate_limit(
    events: SortedEvents, is_left: npt.NDArray[np.bool_], limit: RateLimitSettings
) -> RejectedEvents:
    period = events.time_us // (_SECONDS_PER_PERIOD[limit.per] * MICROSECONDS_PER_SECOND)
    is_first = np.ones(len(events), bool)
    is_first[1:] = (np.diff(events.user) != 0) | (np.diff(period) != 0)
    group = np.cumsum(is_first) - 1
    counts = np.bincount(group, weights=is_left).astype(np.int64)[group]

    def detail(event: int) -> str:
        return (
            f"{counts[event]} events of this user in the same {limit.per} (UTC), "
            f"at most {limit.events} are allowed"
        )

    rejected = np.flatnonzero(is_left & (counts > limit.events))
    return RejectedEvents(RejectReason.OVER_RATE_LIMIT, rejected, detail)


def _other_event_types(
    events: SortedEvents, is_left: npt.NDArray[np.bool_], kept: tuple[str, ...]
) -> RejectedEvents:
    types, codes = events.texts(EVENT_TYPE), events.codes(EVENT_TYPE)
    is_kept = pc.is_in(types, value_set=pa.array(kept)).to_numpy(zero_copy_only=False)

    def detail(event: int) -> str:
        return f"type {types[codes[event]].as_py()!r}, kept types are {', '.join(kept)}"

    rejected = np.flatnonzero(is_left & ~_take(is_kept, codes))
    return RejectedEvents(RejectReason.EVENT_TYPE_NOT_KEPT, rejected, detail)


def _below_min_value(
    events: SortedEvents, is_left: npt.NDArray[np.bool_], minimum: float
) -> RejectedEvents:
    values = events.numbers(VALUE)

    def detail(event: int) -> str:
        return f"value {values[event]}, expected at least {minimum}"

    # Negated so that NaN is rejected too.
    rejected = np.flatnonzero(is_left & ~(values >= minimum))
    return RejectedEvents(RejectReason.VALUE_BELOW_MINIMUM, rejected, detail)


def _take(
    is_selected: npt.NDArray[np.bool_], codes: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Returns `is_selected[codes]`, also if both are empty."""
    return is_selected[codes] if len(codes) else np.zeros(0, bool)
