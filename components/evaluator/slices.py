"""The same metrics on parts of the targets: how much past they have, how popular their item is."""

from collections.abc import Iterable, Mapping

import numpy as np

from components.evaluator.metrics import mean_by_user

SMALL_SLICE_USERS = 30

PAST_EVENTS = "past_events"
PAST_EVENTS_LABELS = ("0", "1-2", "3-9", "10+")
_PAST_EVENTS_STARTS = (1, 3, 10)

ITEM_POPULARITY = "item_popularity"
POPULARITY_LABELS = ("head", "middle", "tail", "never_trained")
_HEAD, _MIDDLE, _TAIL, _NEVER = range(4)

Slices = dict[str, dict[str, float | int | bool | None]]


def past_events(num_past_events: np.ndarray) -> np.ndarray:
    """[num_targets] int64: index into PAST_EVENTS_LABELS by the events a target's user has had."""
    return np.digitize(num_past_events, _PAST_EVENTS_STARTS)


def item_popularity(counts: np.ndarray) -> np.ndarray:
    """[num_items] int64: index into POPULARITY_LABELS by an item's training events.

    Head, middle and tail each hold about a third of the training events: the head is the most
    popular items that together got the first third. An item belongs where its own first event
    falls, so the most popular item is head whatever its share.

    Args:
      counts: [num_items] training events of each item.
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    third = 3 * before // max(1, counts.sum())
    groups = np.empty(len(counts), np.int64)
    groups[order] = np.minimum(third, _TAIL)
    groups[counts == 0] = _NEVER
    return groups


def sliced(
    by_target: Mapping[str, np.ndarray],
    users: np.ndarray,
    groups: np.ndarray,
    labels: Iterable[str],
) -> Slices:
    """Metrics of each group of targets, averaged per user first.

    Args:
      by_target: Each metric, [num_targets] float64.
      users: [num_targets] int64 user codes.
      groups: [num_targets] int64, index into `labels`.
      labels: One for each group.

    Returns:
      By label: `users`, `targets`, each metric (None where there are no targets), and `small`,
      which marks fewer than 30 users.
    """
    slices: Slices = {}
    for group, label in enumerate(labels):
        inside = groups == group
        num_users = len(np.unique(users[inside]))
        means = {
            name: float(mean_by_user(values[inside], users[inside]).mean()) if num_users else None
            for name, values in by_target.items()
        }
        slices[label] = {
            "users": num_users,
            "targets": int(inside.sum()),
            "small": num_users < SMALL_SLICE_USERS,
            **means,
        }
    return slices
