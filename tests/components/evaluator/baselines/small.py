"""A small training log with windows of different lengths, and histories to score."""

import numpy as np
import numpy.typing as npt

from components.evaluator.baselines.popularity import fit_popularity, tie_break
from components.evaluator.columns import NO_ITEM, EventColumns
from tests.components.evaluator.logs import event_columns

NUM_ITEMS = 12
# Larger than the scores that break ties, smaller than the differences between other scores.
TIES = 2e-6


def training_events(num_users: int = 40, seed: int = 11) -> EventColumns:
    """Generates overlapping windows of up to 6 events, some of which are not targets."""
    generator = np.random.default_rng(seed)
    windows = []
    for user in range(num_users):
        length = int(generator.integers(1, 15))
        items = generator.integers(0, NUM_ITEMS, length).tolist()
        targets = (generator.random(length) < 0.7).astype(int).tolist()
        for first in range(0, length, 4):
            window = [
                (items[n], 100 * n, targets[n] if n >= first else 0)
                for n in range(max(0, first - 2), min(first + 4, length))
            ]
            windows.append((user, window))
    return event_columns(windows)


def popularity_ties(train: EventColumns, num_items: int = NUM_ITEMS) -> npt.NDArray[np.float64]:
    """Orders items with equal scores by their number of training events."""
    return tie_break(fit_popularity(train, num_items).weights)


def histories() -> npt.NDArray[np.int64]:
    """Generates histories of all lengths, [30, 8] int64, newest first; the first one is empty."""
    generator = np.random.default_rng(12)
    history = generator.integers(0, NUM_ITEMS, (30, 8))
    lengths = generator.integers(0, 9, 30)
    history[np.arange(8) >= lengths[:, None]] = NO_ITEM
    history[0] = NO_ITEM
    return history


def users_of_items(train: EventColumns) -> list[set[int]]:
    """Returns, for each item, the users that have a training target on it."""
    users: list[set[int]] = [set() for _ in range(NUM_ITEMS)]
    for user, item, is_target in zip(train.user, train.item, train.is_target, strict=True):
        if is_target:
            users[item].add(int(user))
    return users


def summed(
    similarity: npt.NDArray[np.float64], history: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Sums the similarities of the distinct items of each history, [num_queries, num_items]."""
    return np.array(
        [
            sum((similarity[item] for item in set(row.tolist()) - {NO_ITEM}), np.zeros(NUM_ITEMS))
            for row in history
        ]
    )
