"""Which test events are targets, and what each target's user had already interacted with.

`successive`: every target event of the test split in turn, each after everything before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from components.evaluator.columns import EventColumns
from components.evaluator.history import SeenItems, Timeline
from schemas.errors import InputError

SUCCESSIVE = "successive"
TEST_SPLIT = "test"


@dataclass(frozen=True)
class Targets:
    """The true next items, one a query.

    Attributes:
      position: [num_targets] int64, indices into the test split's event columns.
      user: [num_targets] int64, user codes.
      item: [num_targets] int64, rows of the catalogue.
      num_past_events: [num_targets] int64, the user's events before it in all splits.
      seen: What ranking leaves out for each target; empty when items may repeat.
      num_repeats_skipped: Test events that are no targets because their item was seen before.
      num_available: Targets before `max_targets` was applied.
    """

    position: np.ndarray
    user: np.ndarray
    item: np.ndarray
    num_past_events: np.ndarray
    seen: SeenItems
    num_repeats_skipped: int
    num_available: int

    def __len__(self) -> int:
        return len(self.position)

    @property
    def num_users(self) -> int:
        """Users with at least one target."""
        return len(np.unique(self.user))

    def describe(self, num_candidates: int, repeat_interactions: str) -> dict[str, object]:
        """The protocol as it stands in `evaluation.json`."""
        return {
            "name": SUCCESSIVE,
            "split": TEST_SPLIT,
            "targets": len(self),
            "users": self.num_users,
            "candidates": num_candidates,
            "repeat_interactions": repeat_interactions,
            "repeat_targets_skipped": self.num_repeats_skipped,
            "sampled": len(self) < self.num_available,
            "sampled_from": self.num_available,
        }


def successive(
    splits: Mapping[str, EventColumns], exclude_seen: bool, max_targets: int, seed: int
) -> Targets:
    """Takes every target event of the test split in turn.

    Args:
      splits: Events of every split, `test` among them; together they are the users' whole past.
      exclude_seen: Leave out what the user had already interacted with, both as candidates and as
        targets.
      max_targets: Above this many, whole users are drawn (at least one) until it is reached.
      seed: Of that draw.

    Raises:
      InputError: No target is left to measure.
    """
    test = splits[TEST_SPLIT]
    timeline = Timeline.of(splits.values())
    position = np.flatnonzero(test.is_target)
    num_events = len(position)
    seen = timeline.seen_before(test, position)
    if exclude_seen:
        is_new = ~seen.contains(test.item[position])
        position, seen = position[is_new], seen.select(is_new)
    if not len(position):
        raise InputError(_nothing_to_measure(num_events))
    targets = Targets(
        position=position,
        user=test.user[position],
        item=test.item[position],
        num_past_events=timeline.num_events_before(test, position),
        seen=seen if exclude_seen else seen.none(),
        num_repeats_skipped=num_events - len(position),
        num_available=len(position),
    )
    return _sampled(targets, max_targets, seed)


def _sampled(targets: Targets, max_targets: int, seed: int) -> Targets:
    """Keeps whole users, drawn at random, as many as fit into `max_targets` targets."""
    if len(targets) <= max_targets:
        return targets
    users, counts = np.unique(targets.user, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(users))
    num_drawn = max(1, np.searchsorted(np.cumsum(counts[order]), max_targets, side="right"))
    keep = np.isin(targets.user, users[order[:num_drawn]])
    return replace(
        targets,
        position=targets.position[keep],
        user=targets.user[keep],
        item=targets.item[keep],
        num_past_events=targets.num_past_events[keep],
        seen=targets.seen.select(keep),
    )


def _nothing_to_measure(num_events: int) -> str:
    if not num_events:
        return (
            "the test split has no target event, so the model cannot be measured: use a longer "
            "log, a larger split.test_fraction, or other targets.event_types"
        )
    return (
        f"each of the {num_events} target events of the test split is on an item that its user had "
        "already interacted with, so the model cannot be measured: use a longer log, or set "
        "`repeat_interactions: allow` where people do come back to items"
    )
