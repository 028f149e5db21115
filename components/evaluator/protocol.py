"""Evaluation protocols: which held-out events are targets, and at which time a query is made.

A query consists of a user, a history and a time; its candidates are the full catalogue. With
`exclude_seen`, items that the user had interacted with before the query, in any split, are removed
from the candidates, and target events on such items are skipped. Without it, the same applies to
the items whose last event before the query is explicit negative feedback. Targets are the events
with `is_target` in the split.

- `successive`: one query per target event, made just before it; the item of the event is the only
  relevant item. The history contains all earlier events, including those of the test split.
- `window`: the successive queries and targets, but a query excludes only what the history of its
  request shows, as serving does if the request names no other seen items.
- `first`: of the successive queries, the first one of each user.
- `last`: of the successive queries, the last one of each user.
- `all_future`: one query per user, made at the time of the split, with the history up to that time;
  all target items after it are relevant.

If there are more than `max_queries` successive queries, users are sampled uniformly, and all
queries of a sampled user are kept. Candidates are never sampled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import EventColumns
from components.evaluator.history import Timeline
from components.evaluator.negative_history import (
    NegativeFeedback,
    excluded_before_event,
    excluded_before_time,
    excluded_by_window,
)
from components.evaluator.queries import Queries
from schemas.errors import InputError
from schemas.features import TEST_SPLIT
from schemas.metrics import ALL_FUTURE, FIRST, LAST, SUCCESSIVE, WINDOW


@dataclass(frozen=True)
class EvaluationProtocol:
    """The queries of a protocol.

    Attributes:
      name: One of `schemas.metrics.PROTOCOLS`.
      queries: The queries with their relevant items.
      num_repeats_skipped: Targets that were skipped because the user had seen the item before:
        target events of the whole split, or for `all_future` distinct items of the users that have
        queries. If repeat interactions are allowed, the user had given negative feedback on it.
      num_available_users: The number of users before sampling to `max_queries`.
      num_negatives_skipped: How many of the skipped targets are on items whose last event before
        the query is explicit negative feedback; None if no event is.
      num_incomplete: For `window`, the number of queries that exclude fewer items than the
        successive query; None for the other protocols.
    """

    name: str
    queries: Queries
    num_repeats_skipped: int
    num_available_users: int
    num_negatives_skipped: int | None = None
    num_incomplete: int | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether users were sampled to limit the number of queries to `max_queries`."""
        return self.queries.num_users < self.num_available_users

    def describe(self, num_candidates: int, repeat_interactions: str) -> dict[str, object]:
        """The section `protocol` of `evaluation.json`, as JSON values."""
        return {
            "name": self.name,
            "split": self.queries.split,
            "queries": len(self.queries),
            "targets": len(self.queries.item),
            "users": self.queries.num_users,
            "candidates": num_candidates,
            "repeat_interactions": repeat_interactions,
            "repeat_targets_skipped": self.num_repeats_skipped,
            **(
                {}
                if self.num_negatives_skipped is None
                else {"negative_targets_skipped": self.num_negatives_skipped}
            ),
            **(
                {}
                if self.num_incomplete is None
                else {"queries_with_items_before_the_window": self.num_incomplete}
            ),
            "sampled": self.is_sampled,
            "sampled_from_users": self.num_available_users,
        }


def successive_protocol(
    splits: Mapping[str, EventColumns],
    exclude_seen: bool,
    max_queries: int,
    seed: int,
    split: str = TEST_SPLIT,
) -> EvaluationProtocol:
    """Creates one query per target event of a split.

    Args:
      splits: Events of all splits, which together contain the complete history of each user.
      exclude_seen: Whether to exclude items that the user had interacted with before, both from
        the candidates and from the targets.
      max_queries: The maximum number of queries. If there are more, users are sampled (at least
        one) and all queries of each sampled user are kept.
      seed: Seed for the sampling of users.
      split: The split that contains the targets.

    Raises:
      InputError: There is no target to evaluate.
    """
    events = splits[split]
    timeline = Timeline.from_splits(splits.values())
    position = np.flatnonzero(events.is_target)
    num_events = len(position)
    feedback = NegativeFeedback.of(timeline)
    num_negatives = None
    if feedback is not None:
        disliked = feedback.excluded_before_event(events, position)
        is_disliked = disliked.contains(np.arange(num_events), events.item[position])
        num_negatives = int(np.count_nonzero(is_disliked))
    seen = excluded_before_event(timeline, events, position, exclude_seen)
    is_new = ~seen.contains(np.arange(num_events), events.item[position])
    position, seen = position[is_new], seen.select(is_new)
    if not len(position):
        raise InputError(_no_targets_message(split, num_events, exclude_seen))
    queries = Queries(
        split=split,
        position=position,
        user=events.user[position],
        item=events.item[position],
        offsets=np.arange(len(position) + 1),
        num_past_events=timeline.num_events_before_event(events, position),
        seen=seen,
    )
    return EvaluationProtocol(
        SUCCESSIVE,
        sample_users(queries, max_queries, seed),
        num_repeats_skipped=num_events - len(position),
        num_available_users=queries.num_users,
        num_negatives_skipped=num_negatives,
    )


def window_protocol(
    successive: EvaluationProtocol, events: EventColumns, max_history: int, exclude_seen: bool
) -> EvaluationProtocol | None:
    """Lets the successive queries exclude only the items that the history of a request shows.

    The targets are the same. Candidates are, in addition, the items that the user had interacted
    with before the window, which a request can exclude only by naming them.

    Args:
      successive: The successive queries.
      events: Events of their split.
      max_history: The maximum number of past events in a request.
      exclude_seen: As in `successive_protocol`.

    Returns:
      The protocol; None if every query excludes the same items as before.
    """
    queries = successive.queries
    seen = excluded_by_window(events, queries.position, max_history, exclude_seen)
    num_incomplete = int(np.count_nonzero(queries.seen.any_outside(seen)))
    if not num_incomplete:
        return None
    return replace(
        successive,
        name=WINDOW,
        queries=replace(queries, seen=seen),
        num_incomplete=num_incomplete,
    )


def first_protocol(successive: EvaluationProtocol, events: EventColumns) -> EvaluationProtocol:
    """Selects the first successive query of each user; `events` are those of the split."""
    order = _chronological_order(successive.queries, events)
    return _first_of_each_user(successive, FIRST, order)


def last_protocol(successive: EvaluationProtocol, events: EventColumns) -> EvaluationProtocol:
    """Selects the last successive query of each user; `events` are those of the split."""
    order = _chronological_order(successive.queries, events)
    return _first_of_each_user(successive, LAST, order[::-1])


def all_future_protocol(
    successive: EvaluationProtocol, splits: Mapping[str, EventColumns], exclude_seen: bool
) -> EvaluationProtocol:
    """Creates one query per user at the time of the split, with all later target items as relevant.

    The time of the split is the first target event of any user in the split. If the successive
    queries were sampled, the same users get queries; otherwise all users with a target item that
    they had not seen at that time. The history contains only events before the split. It is taken
    from the window of the user's first target, so it may be shorter than a request allows if the
    user has events that are not targets between the split and the first target.

    Args:
      successive: Successive queries of a split by time.
      splits: Events of all splits, which together contain the complete history of each user.
      exclude_seen: Whether to exclude items that the user had interacted with before the split,
        both from the candidates and from the targets.
    """
    split = successive.queries.split
    events = splits[split]
    timeline = Timeline.from_splits(splits.values())
    has_query = np.isin(events.user, successive.queries.user) if successive.is_sampled else True
    target = np.flatnonzero(events.is_target & has_query)
    split_time_s = events.timestamp[events.is_target].min()
    target = target[np.lexsort((target, events.timestamp[target], events.user[target]))]
    user, first_target = np.unique(events.user[target], return_index=True)
    time_s = np.full(len(user), split_time_s)
    seen = excluded_before_time(timeline, user, time_s, exclude_seen)
    query, item = _distinct_pairs(np.searchsorted(user, events.user[target]), events.item[target])
    num_distinct = len(item)
    feedback = NegativeFeedback.of(timeline)
    num_negatives = None
    if feedback is not None:
        disliked = feedback.excluded_before_time(user, time_s)
        num_negatives = int(np.count_nonzero(disliked.contains(query, item)))
    is_new = ~seen.contains(query, item)
    query, item = query[is_new], item[is_new]
    num_relevant = np.bincount(query, minlength=len(user))
    queries = Queries(
        split=split,
        position=_first_event_since(events, target[first_target], split_time_s),
        user=user,
        item=item,
        offsets=np.concatenate([[0], np.cumsum(num_relevant)]),
        num_past_events=timeline.num_events_before_time(user, time_s),
        seen=seen,
        time_s=time_s,
    ).select(num_relevant > 0)
    return EvaluationProtocol(
        ALL_FUTURE,
        queries,
        num_repeats_skipped=num_distinct - len(item),
        num_available_users=(
            successive.num_available_users if successive.is_sampled else len(queries)
        ),
        num_negatives_skipped=num_negatives,
    )


def sample_users(queries: Queries, max_queries: int, seed: int) -> Queries:
    """Keeps all queries of sampled users: at most `max_queries` queries, at least one user."""
    if len(queries) <= max_queries:
        return queries
    users, counts = np.unique(queries.user, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(users))
    num_sampled = max(1, np.searchsorted(np.cumsum(counts[order]), max_queries, side="right"))
    return queries.select(np.isin(queries.user, users[order[:num_sampled]]))


def _chronological_order(queries: Queries, events: EventColumns) -> npt.NDArray[np.int64]:
    """[num_queries] int64: the queries sorted by user, and then in the order of their events."""
    time_s = events.timestamp[queries.position]
    return np.lexsort((queries.position, queries.num_past_events, time_s, queries.user))


def _first_of_each_user(
    successive: EvaluationProtocol, name: str, order: npt.NDArray[np.int64]
) -> EvaluationProtocol:
    """Selects the query of each user that comes first in `order`."""
    _, index = np.unique(successive.queries.user[order], return_index=True)
    keep = np.zeros(len(successive.queries), bool)
    keep[order[index]] = True
    return replace(successive, name=name, queries=successive.queries.select(keep))


def _distinct_pairs(
    query: npt.NDArray[np.int64], item: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The distinct (query, item) pairs, sorted."""
    pairs = np.unique(np.stack([query, item], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _first_event_since(
    events: EventColumns, target: npt.NDArray[np.int64], time_s: int
) -> npt.NDArray[np.int64]:
    """[num_targets] int64: the first event at or after `time_s` in the window of each target."""
    is_late = events.timestamp >= time_s
    next_late = np.where(is_late, np.arange(len(is_late)), len(is_late))
    next_late = np.minimum.accumulate(next_late[::-1])[::-1]
    return next_late[events.window_start[target]]


def _no_targets_message(split: str, num_events: int, exclude_seen: bool) -> str:
    if not num_events:
        return (
            f"the {split} split has no target event, so the model cannot be evaluated: use a "
            f"longer log, a larger split.{split}_fraction, or other targets.event_types"
        )
    if not exclude_seen:
        return (
            f"all {num_events} target events of the {split} split are on items on which their "
            "users had given negative feedback, so the model cannot be evaluated: use a longer "
            "log, or check targets.negative"
        )
    return (
        f"all {num_events} target events of the {split} split are on items that their users had "
        "already interacted with, so the model cannot be evaluated: use a longer log, or set "
        "`repeat_interactions: allow` if users interact repeatedly with the same items"
    )
