"""A second implementation of cleaning, splits and windows in plain Python, by the settings."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from components.example_gen.split import configured_boundaries, instant_us
from schemas.settings import DataSettings

NOW_S = 2_000
SPLITS = ("train", "eval", "test")
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


class Line(NamedTuple):
    """One line of a log. The first invalid field, in this order, is the reason of its rejection."""

    user: str
    time: int | str
    item: str
    kind: str = "view"
    value: float | str = 1.0
    event_id: str = ""

    @property
    def invalid_reason(self) -> str | None:
        if self.user.strip() in ("", "nan"):
            return "missing_field"
        if not isinstance(self.time, int) or self.time < 0:
            return "missing_field" if self.time == "" else "bad_timestamp"
        if not self.item.strip():
            return "missing_field"
        return "bad_value" if isinstance(self.value, str) else None


class Event(NamedTuple):
    """A valid line and its (file, line) position, which orders events of equal time."""

    user: str
    time: int
    position: tuple[int, int]
    line: Line


class Window(NamedTuple):
    """One example: the positions of its events, and which of them are targets."""

    split: str
    user: str
    positions: tuple[tuple[int, int], ...]
    is_target: tuple[bool, ...]


class Oracle:
    """The expected result of an ingestion.

    Attributes:
      kept: The kept events, sorted by user, time and position.
      split_of: The split of each event, by position.
      rejected: The reason of each rejection, by position.
      erased: The positions of erased records.
      users: The kept events by user.
      history_only: The positions of kept events that the cap allows as history only.
      before_cap: The events by user, before the rules that depend on the splits.
      remembered: The positions of events over the cap that stay in split `past`.
    """

    def __init__(self, lines: dict[tuple[int, int], Line], data: DataSettings, known: Any):
        self._data, self._log = data, data.interactions
        self.history_only: set[tuple[int, int]] = set()
        self.rejected = {
            position: line.invalid_reason for position, line in lines.items() if line.invalid_reason
        }
        self.erased = {
            position
            for position, line in lines.items()
            if line.user.strip() in data.erase.user_ids or line.item.strip() in data.erase.item_ids
        }
        self.rejected = {p: reason for p, reason in self.rejected.items() if p not in self.erased}
        self.kept = sorted(
            Event(line.user.strip(), int(line.time), position, line)
            for position, line in lines.items()
            if position not in self.rejected and position not in self.erased
        )
        self._clean(known)
        self.split_of = self._splits()
        self.before_cap = by_user(self.kept)
        if keep_at_most := self._log.keep.max_user_events:
            self._cap(keep_at_most)
        train = [event for event in self.kept if self.split_of[event.position] == "train"]
        users = Counter(event.user for event in train)
        items = Counter(event.line.item for event in train)
        keep = self._log.keep
        min_user, min_item = keep.min_user_events, keep.min_item_events
        if min_user > 1:
            self._reject("too_few_user_events", lambda event: users[event.user] < min_user)
        if min_item > 1:
            self._reject("too_few_item_events", lambda event: items[event.line.item] < min_item)
        self.users = by_user(self.kept)
        newest = {
            (event.user, self.split_of[event.position], event.line.item): event.position
            for user in self.users
            for event in self.before_cap[user]
            if self.rejected.get(event.position) == "over_user_cap"
        }
        self.remembered = set(newest.values())

    def is_target(self, event: Event) -> bool:
        if event.position in self.history_only:
            return False
        types = self._data.targets.event_types
        return (types is None or event.line.kind in types) and not self.is_negative(event)

    def is_negative(self, event: Event) -> bool:
        negative = self._data.targets.negative
        if negative is None:
            return False
        has_type = negative.event_types is None or event.line.kind in negative.event_types
        return has_type and (
            negative.max_value is None or float(event.line.value) <= negative.max_value
        )

    def _reject(self, reason: str, is_invalid: Callable[[Event], bool]) -> None:
        invalid = [event.position for event in self.kept if is_invalid(event)]
        self.rejected.update(dict.fromkeys(invalid, reason))
        self.kept = [event for event in self.kept if event.position not in self.rejected]

    def _clean(self, known: Any) -> None:
        keep, reject = self._log.keep, self._log.reject
        if reject.duplicates:
            seen: set[Any] = set()
            self._reject("duplicate", lambda event: is_repeat(event, seen))
        if reject.future:
            self._reject("future_timestamp", lambda event: event.time > NOW_S)
        if reject.earliest:
            earliest_us = instant_us("earliest", reject.earliest)
            self._reject("late", lambda event: event.time * 10**6 < earliest_us)
        if known is not None:
            self._reject("unknown_item", lambda event: event.line.item not in known)
        if (limit := reject.user_rate_limit) is not None:
            period = SECONDS[limit.per]
            counts = Counter((event.user, event.time // period) for event in self.kept)
            maximum = limit.events
            self._reject(
                "over_rate_limit",
                lambda event: counts[event.user, event.time // period] > maximum,
            )
        if (types := keep.event_types) is not None:
            self._reject("event_type_not_kept", lambda event: event.line.kind not in types)
        if (minimum := keep.min_value) is not None:
            self._reject("value_below_minimum", lambda event: float(event.line.value) < minimum)

    def _cap(self, cap: int) -> None:
        over = set()
        for events in self.before_cap.values():
            places = {
                split: [e.position for e in events if self.split_of[e.position] == split]
                for split in SPLITS
            }
            before_test = [*places["train"], *places["eval"]][-cap:]
            over |= set(places["train"][:-cap])
            over |= set(places["eval"][cap:]) - set(before_test)
            over |= set(places["test"][cap:])
            self.history_only |= set(places["eval"][cap:]) & set(before_test)
        self._reject("over_user_cap", lambda event: event.position in over)

    def _splits(self) -> dict[tuple[int, int], str]:
        if self._data.split.policy == "leave_one_out":
            return self._last_targets()
        eval_s, test_s = self._boundaries()
        return {
            event.position: SPLITS[(event.time >= eval_s) + (event.time >= test_s)]
            for event in self.kept
        }

    def _last_targets(self) -> dict[tuple[int, int], str]:
        split_of = {}
        for user in {event.user for event in self.kept}:
            events = [event for event in self.kept if event.user == user]
            at = [n for n, event in enumerate(events) if self.is_target(event)]
            first = at[-2:] if len(at) >= 3 else [len(events)] * 2
            for n, event in enumerate(events):
                split_of[event.position] = SPLITS[sum(n >= begin for begin in first)]
        return split_of

    def _boundaries(self) -> tuple[float, float]:
        split = self._data.split
        if (boundaries := configured_boundaries(split)) is not None:
            return boundaries.eval_start_us / 10**6, boundaries.test_start_us / 10**6
        times = sorted(event.time for event in self.kept)
        num_test = max(1, round(len(times) * split.test_fraction))
        num_eval = max(1, round(len(times) * split.eval_fraction))
        test_s = times[-num_test] if times else 0
        earlier = [time for time in times if time < test_s]
        at = min(len(earlier) - 1, len(times) - num_test - num_eval)
        if at >= 0 and earlier[at] > times[0]:
            return earlier[at], test_s
        distinct = sorted(set(times))
        if len(distinct) < 3:
            return math.inf, math.inf
        later = [time for time in times if time > distinct[0]]
        share = split.eval_fraction / (split.eval_fraction + split.test_fraction)
        return distinct[1], max(distinct[2], later[int(len(later) * share)])


def by_user(events: list[Event]) -> dict[str, list[Event]]:
    users: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        users[event.user].append(event)
    return users


def is_repeat(event: Event, seen: set[Any]) -> bool:
    """Returns whether an equal event was seen before; adds the event to `seen`."""
    line = event.line
    same: Any = line.event_id or (line.item, event.time, line.kind)
    key = (event.user, same)
    was_seen = key in seen
    seen.add(key)
    return was_seen
