"""Target protocols: which held-out events are asked for, and when.

`successive`: every target event in turn, each after everything before it.
`first`, `last`: of those, each user's first or last alone.
`all_future`: one query a user, asked at the instant of the split; every later item is relevant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from components.evaluator.columns import EventColumns
from components.evaluator.history import Timeline
from components.evaluator.queries import Queries
from schemas.errors import InputError
from schemas.features import TEST_SPLIT
from schemas.metrics import ALL_FUTURE, FIRST, LAST, SUCCESSIVE


@dataclass(frozen=True)
class Protocol:
    """Queries, and how they came about.

    Attributes:
      name: One of `schemas.metrics.PROTOCOLS`.
      queries: What is asked.
      num_repeats_skipped: What was left out because the user had seen the item before: target
        events of the whole split, or of `all_future` distinct items of the users that are asked.
      num_available_users: Users before `max_queries` was applied.
    """

    name: str
    queries: Queries
    num_repeats_skipped: int
    num_available_users: int

    @property
    def is_sampled(self) -> bool:
        """Whether some users were left out to keep to `max_queries`."""
        return self.queries.num_users < self.num_available_users

    def describe(self, num_candidates: int, repeat_interactions: str) -> dict[str, object]:
        """The protocol as it stands in `evaluation.json`."""
        return {
            "name": self.name,
            "split": self.queries.split,
            "queries": len(self.queries),
            "targets": len(self.queries.item),
            "users": self.queries.num_users,
            "candidates": num_candidates,
            "repeat_interactions": repeat_interactions,
            "repeat_targets_skipped": self.num_repeats_skipped,
            "sampled": self.is_sampled,
            "sampled_from_users": self.num_available_users,
        }


def successive(
    splits: Mapping[str, EventColumns],
    exclude_seen: bool,
    max_queries: int,
    seed: int,
    split: str = TEST_SPLIT,
) -> Protocol:
    """Asks for every target event of a split in turn.

    Args:
      splits: Events of every split; together they are the users' whole past.
      exclude_seen: Leave out what the user had already interacted with, both as candidates and as
        targets.
      max_queries: Above this many, whole users are drawn (at least one) until it is reached.
      seed: Of that draw.
      split: Whose targets.

    Raises:
      InputError: No target is left to measure.
    """
    events = splits[split]
    timeline = Timeline.of(splits.values())
    position = np.flatnonzero(events.is_target)
    num_events = len(position)
    seen = timeline.seen_before(events, position)
    if exclude_seen:
        is_new = ~seen.contains(np.arange(num_events), events.item[position])
        position, seen = position[is_new], seen.select(is_new)
    if not len(position):
        raise InputError(_nothing_to_measure(split, num_events))
    queries = Queries(
        split=split,
        position=position,
        user=events.user[position],
        item=events.item[position],
        offsets=np.arange(len(position) + 1),
        num_past_events=timeline.num_events_before(events, position),
        seen=seen if exclude_seen else seen.none(),
    )
    drawn = _drawn_users(queries, max_queries, seed)
    return Protocol(SUCCESSIVE, drawn, num_events - len(position), queries.num_users)


def first(asked: Protocol, events: EventColumns) -> Protocol:
    """Of successive queries into `events`, each user's first (that is on a new item)."""
    return _one_a_user(asked, FIRST, _in_time(asked.queries, events))


def last(asked: Protocol, events: EventColumns) -> Protocol:
    """Of successive queries into `events`, each user's last (that is on a new item)."""
    return _one_a_user(asked, LAST, _in_time(asked.queries, events)[::-1])


def all_future(asked: Protocol, splits: Mapping[str, EventColumns], exclude_seen: bool) -> Protocol:
    """Asks once a user, at the instant of the split, for every target item from then on.

    The instant is the first target event of any user in the split. Where successive queries were
    drawn, their users are asked; else everyone with a target item that was new at that instant.
    Nothing from then on is in a query's history; its window may hold fewer events than a history
    has room for, where a user has events that are no targets between that instant and the first
    target.

    Args:
      asked: Successive queries of a split by time.
      splits: As for `successive`.
      exclude_seen: As for `successive`; what counts is what was seen before the instant.
    """
    split = asked.queries.split
    events = splits[split]
    timeline = Timeline.of(splits.values())
    is_asked = np.isin(events.user, asked.queries.user) if asked.is_sampled else True
    target = np.flatnonzero(events.is_target & is_asked)
    split_time_s = events.timestamp[events.is_target].min()
    target = target[np.lexsort((target, events.timestamp[target], events.user[target]))]
    user, first_target = np.unique(events.user[target], return_index=True)
    time_s = np.full(len(user), split_time_s)
    seen = timeline.seen_at(user, time_s)
    query, item = _distinct_items(np.searchsorted(user, events.user[target]), events.item[target])
    num_distinct = len(item)
    if exclude_seen:
        is_new = ~seen.contains(query, item)
        query, item = query[is_new], item[is_new]
    num_relevant = np.bincount(query, minlength=len(user))
    queries = Queries(
        split=split,
        position=_first_event_from(events, target[first_target], split_time_s),
        user=user,
        item=item,
        offsets=np.concatenate([[0], np.cumsum(num_relevant)]),
        num_past_events=timeline.num_events_at(user, time_s),
        seen=seen if exclude_seen else seen.none(),
        time_s=time_s,
    )
    asked_for = queries.select(num_relevant > 0)
    num_users = asked.num_available_users if asked.is_sampled else len(asked_for)
    return Protocol(ALL_FUTURE, asked_for, num_distinct - len(item), num_users)


def _drawn_users(queries: Queries, max_queries: int, seed: int) -> Queries:
    """Keeps whole users, drawn at random, as many as fit into `max_queries`."""
    if len(queries) <= max_queries:
        return queries
    users, counts = np.unique(queries.user, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(users))
    num_drawn = max(1, np.searchsorted(np.cumsum(counts[order]), max_queries, side="right"))
    return queries.select(np.isin(queries.user, users[order[:num_drawn]]))


def _in_time(queries: Queries, events: EventColumns) -> np.ndarray:
    """[num_queries] int64: the queries by user, then as their events followed each other."""
    time_s = events.timestamp[queries.position]
    return np.lexsort((queries.position, queries.num_past_events, time_s, queries.user))


def _one_a_user(asked: Protocol, name: str, order: np.ndarray) -> Protocol:
    """The first query of each user in `order`."""
    _, index = np.unique(asked.queries.user[order], return_index=True)
    keep = np.zeros(len(asked.queries), bool)
    keep[order[index]] = True
    return replace(asked, name=name, queries=asked.queries.select(keep))


def _distinct_items(query: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct (query, item) pairs, sorted."""
    pairs = np.unique(np.stack([query, item], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _first_event_from(events: EventColumns, target: np.ndarray, time_s: int) -> np.ndarray:
    """[num_targets] int64: the first event at or after `time_s` in the window of each target."""
    is_late = events.timestamp >= time_s
    next_late = np.where(is_late, np.arange(len(is_late)), len(is_late))
    next_late = np.minimum.accumulate(next_late[::-1])[::-1]
    return next_late[events.window_start[target]]


def _nothing_to_measure(split: str, num_events: int) -> str:
    if not num_events:
        return (
            f"the {split} split has no target event, so the model cannot be measured: use a longer "
            f"log, a larger split.{split}_fraction, or other targets.event_types"
        )
    return (
        f"each of the {num_events} target events of the {split} split is on an item that its user "
        "had already interacted with, so the model cannot be measured: use a longer log, or set "
        "`repeat_interactions: allow` where people do come back to items"
    )
