"""The training events that baselines count: without repeats if those are no targets."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from components.evaluator.columns import EventColumns
from components.evaluator.history import Timeline
from schemas.features import TRAIN_SPLIT


def counted_events(splits: Mapping[str, EventColumns], exclude_seen: bool) -> EventColumns:
    """Returns the events of the train split that baselines are fitted on.

    Explicit negative feedback is left out. With `exclude_seen`, an event on an item with which the
    user had interacted before is no target, as in the protocols, and consecutive events of one item
    in a window are merged into one, as in the query tower. Only earlier events of the same user
    decide what a repeat is.

    Args:
      splits: Events of all splits, which together contain the complete history of each user.
      exclude_seen: Whether items that a user had interacted with before are not recommended.
    """
    train = splits[TRAIN_SPLIT]
    if not exclude_seen:
        return train.without_negatives()
    target = np.flatnonzero(train.is_target)
    is_target = train.is_target.copy()
    is_target[target] = ~Timeline.from_splits(splits.values()).is_repeat(train, target)
    return replace(train, is_target=is_target).without_negatives().with_merged_runs()
