"""A second ingestion, in plain Python, that goes by what the settings say."""

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
    """One line of a log; of unfit values the first, in this order, is the reason of a rejection."""

    user: str
    time: int | str
    item: str
    kind: str = "view"
    value: float | str = 1.0
    event_id: str = ""

    @property
    def dirt(self) -> str | None:
        if not self.user.strip():
            return "missing_field"
        if not isinstance(self.time, int) or self.time < 0:
            return "missing_field" if self.time == "" else "bad_timestamp"
        if not self.item.strip():
            return "missing_field"
        return "bad_value" if isinstance(self.value, str) else None


class Event(NamedTuple):
    """A readable line and its place, which events of one time are ordered by."""

    user: str
    time: int
    place: tuple[int, int]
    line: Line


class Window(NamedTuple):
    """One example: the places of its events, and which of them are targets."""

    split: str
    user: str
    places: tuple[tuple[int, int], ...]
    is_target: tuple[bool, ...]


class Oracle:
    """The same in plain Python: `split_of` kept events, and the reason of each rejection."""

    def __init__(self, lines: dict[tuple[int, int], Line], data: DataSettings, known: Any):
        self._data, self._log = data, data.interactions
        self.rejected = {place: line.dirt for place, line in lines.items() if line.dirt}
        self.erased = {
            place
            for place, line in lines.items()
            if line.user.strip() in data.erase.user_ids or line.item.strip() in data.erase.item_ids
        }
        self.rejected = {p: why for p, why in self.rejected.items() if p not in self.erased}
        self.kept = sorted(
            Event(line.user.strip(), int(line.time), place, line)
            for place, line in lines.items()
            if place not in self.rejected and place not in self.erased
        )
        self._clean(known)
        self.split_of = self._splits()
        train = [event for event in self.kept if self.split_of[event.place] == "train"]
        users = Counter(event.user for event in train)
        items = Counter(event.line.item for event in train)
        keep = self._log.keep
        least_user, least_item = keep.min_user_events, keep.min_item_events
        if least_user > 1:
            self._reject("too_few_user_events", lambda event: users[event.user] < least_user)
        if least_item > 1:
            self._reject("too_few_item_events", lambda event: items[event.line.item] < least_item)
        self.users: dict[str, list[Event]] = defaultdict(list)
        for event in self.kept:
            self.users[event.user].append(event)

    def is_target(self, event: Event) -> bool:
        types = self._data.targets.event_types
        return types is None or event.line.kind in types

    def _reject(self, reason: str, is_unfit: Callable[[Event], bool]) -> None:
        unfit = [event.place for event in self.kept if is_unfit(event)]
        self.rejected.update(dict.fromkeys(unfit, reason))
        self.kept = [event for event in self.kept if event.place not in self.rejected]

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
            most = limit.events
            self._reject(
                "over_rate_limit",
                lambda event: counts[event.user, event.time // period] > most,
            )
        if (types := keep.event_types) is not None:
            self._reject("event_type_not_kept", lambda event: event.line.kind not in types)
        if (minimum := keep.min_value) is not None:
            self._reject("value_below_minimum", lambda event: float(event.line.value) < minimum)
        if (cap := keep.max_user_events) is not None:
            newer: Counter[str] = Counter()
            over = set()
            for event in reversed(self.kept):
                over |= {event.place} if newer[event.user] >= cap else set()
                newer[event.user] += 1
            self._reject("over_user_cap", lambda event: event.place in over)

    def _splits(self) -> dict[tuple[int, int], str]:
        if self._data.split.policy == "leave_one_out":
            return self._last_targets()
        eval_s, test_s = self._boundaries()
        return {
            event.place: SPLITS[(event.time >= eval_s) + (event.time >= test_s)]
            for event in self.kept
        }

    def _last_targets(self) -> dict[tuple[int, int], str]:
        split_of = {}
        for user in {event.user for event in self.kept}:
            events = [event for event in self.kept if event.user == user]
            at = [n for n, event in enumerate(events) if self.is_target(event)]
            first = at[-2:] if len(at) >= 3 else [len(events)] * 2
            for n, event in enumerate(events):
                split_of[event.place] = SPLITS[sum(n >= begin for begin in first)]
        return split_of

    def _boundaries(self) -> tuple[float, float]:
        split = self._data.split
        if (given_us := configured_boundaries(split)) is not None:
            return given_us.eval_start_us / 10**6, given_us.test_start_us / 10**6
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


def is_repeat(event: Event, seen: set[Any]) -> bool:
    """Whether an event like it was seen; remembers it."""
    line = event.line
    same: Any = line.event_id or (line.item, event.time, line.kind)
    key = (event.user, same)
    was_seen = key in seen
    seen.add(key)
    return was_seen
