"""The oracle: the ranking by the true choice model, and its recall on held-out interactions.

The protocol is "successive". The targets are the first events of a user with a book among the last
`test_fraction` of the events by time. The history of a target contains all earlier events of the
user. Books that the user has seen are excluded. Recall is averaged per user, then over users.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.demo.catalogue import Floats, Ints
from pipeline.demo.choice_model import NUM_RECENT, ChoiceSituations, probabilities
from pipeline.demo.simulate import EventLog
from pipeline.demo.world import DemoWorld

CHUNK = 1024


@dataclass(frozen=True)
class HeldOutTargets:
    """Held-out choice situations and the chosen books.

    Attributes:
      situations: n choice situations.
      item: [n] int64, row of the chosen book.
    """

    situations: ChoiceSituations
    item: Ints


def held_out_targets(log: EventLog, num_items: int, test_fraction: float = 0.1) -> HeldOutTargets:
    """Returns the first interactions among the last `test_fraction` of the events.

    Args:
      log: Clean events, ordered by time.
      num_items: Number of books in the catalogue.
      test_fraction: Share of events from the split time on, between 0 and 1.
    """
    first = first_interactions(log)
    test_start_ms = split_time_ms(log, test_fraction)
    user, item, timestamp_ms = log.user[first], log.item[first], log.timestamp_ms[first]
    order = np.lexsort((timestamp_ms, user))
    is_test = timestamp_ms[order] >= test_start_ms
    target = order[is_test]

    position = np.flatnonzero(is_test)
    ordered_user, ordered_item = user[order], item[order]
    begin = np.searchsorted(ordered_user, ordered_user[position])
    back = position[:, None] - 1 - np.arange(NUM_RECENT)
    seen = np.zeros((len(target), num_items), dtype=bool)
    for row, (low, high) in enumerate(zip(begin, position, strict=True)):
        seen[row, ordered_item[low:high]] = True
    situations = ChoiceSituations(
        user=user[target],
        timestamp_ms=timestamp_ms[target],
        device=log.device[first][target],
        recent=np.where(back >= begin[:, None], ordered_item[back], -1),
        last_ms=timestamp_ms[order][back[:, 0]],
        seen=seen,
    )
    return HeldOutTargets(situations, item[target])


def first_interactions(log: EventLog) -> Ints:
    """Returns the positions in the log of each user's first event with each book, by time."""
    pair = log.user * (log.item.max() + 1) + log.item
    return np.sort(np.unique(pair, return_index=True)[1])


def split_time_ms(log: EventLog, test_fraction: float) -> int:
    """Returns the time of the first of the last `test_fraction` of the events.

    Raises:
      ValueError: `test_fraction` is not between 0 and 1.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction is {test_fraction}, expected a value between 0 and 1")
    return int(log.timestamp_ms[int(np.floor(len(log) * (1 - test_fraction)))])


def ranking(world: DemoWorld, situations: ChoiceSituations, k: int) -> Ints:
    """Returns the most probable books of each situation, best first: [n, k]."""
    chunks = [
        np.argsort(-probabilities(world, part), axis=1, kind="stable")[:, :k]
        for part in _chunks(situations)
    ]
    return np.concatenate(chunks)


def oracle_recall(world: DemoWorld, targets: HeldOutTargets, k: int = 10) -> float:
    """Returns the Recall@k of the oracle, averaged per user, then over users."""
    scores = (probabilities(world, part) for part in _chunks(targets.situations))
    rank = np.concatenate(
        [target_rank(p, targets.item[i * CHUNK : (i + 1) * CHUNK]) for i, p in enumerate(scores)]
    )
    return mean_over_users(rank < k, targets.situations.user)


def target_rank(score: Floats, item: Ints) -> Ints:
    """Returns the rank of each target from 0, with ties ranked before the target: [n].

    Args:
      score: [n, num_items] float32; excluded books have lower scores than all others.
      item: [n] int64, the targets.
    """
    own = np.take_along_axis(score, item[:, None], axis=1)
    rank: Ints = (score >= own).sum(axis=1) - 1
    return rank


def mean_over_users(hit: npt.NDArray[np.bool_], user: Ints) -> float:
    """Returns the mean over users of the share of hits per user.

    Raises:
      ValueError: There are no targets.
    """
    if not len(user):
        raise ValueError("there are no targets to average over: increase num_days or test_fraction")
    _, row = np.unique(user, return_inverse=True)
    return float((np.bincount(row, weights=hit) / np.bincount(row)).mean())


def _chunks(situations: ChoiceSituations) -> Iterator[ChoiceSituations]:
    for low in range(0, len(situations.user), CHUNK):
        part = slice(low, low + CHUNK)
        yield ChoiceSituations(
            user=situations.user[part],
            timestamp_ms=situations.timestamp_ms[part],
            device=situations.device[part],
            recent=situations.recent[part],
            last_ms=situations.last_ms[part],
            seen=situations.seen[part],
        )
