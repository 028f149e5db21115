"""The best ranking there is: the true choice model on held-out first interactions.

Protocol ("successive"): every event of the last `test_fraction` of the log by time that is a
user's first with its book is a target, with everything that the user did before as history.
Books already seen are excluded. Recall is averaged per user first, then over users.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.demo.catalogue import Floats, Ints
from pipeline.demo.choice import NUM_RECENT, Situations, probabilities
from pipeline.demo.simulate import Log
from pipeline.demo.world import World

CHUNK = 1024


@dataclass(frozen=True)
class Targets:
    """Held-out picks: the situations of a log and what was picked in each.

    Attributes:
        situations: n rows.
        item: [n] int64, the book that was picked.
    """

    situations: Situations
    item: Ints


def held_out_targets(log: Log, num_items: int, test_fraction: float = 0.1) -> Targets:
    """Returns the first interactions of the last `test_fraction` of the events.

    Args:
        log: the clean events, ordered by time.
        num_items: size of the catalogue.
        test_fraction: in (0, 1), share of events from the split time on.
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
    situations = Situations(
        user=user[target],
        timestamp_ms=timestamp_ms[target],
        device=log.device[first][target],
        recent=np.where(back >= begin[:, None], ordered_item[back], -1),
        last_ms=timestamp_ms[order][back[:, 0]],
        seen=seen,
    )
    return Targets(situations, item[target])


def first_interactions(log: Log) -> Ints:
    """Returns the positions in the log of each user's first event with each book, in time order."""
    pair = log.user * (log.item.max() + 1) + log.item
    return np.sort(np.unique(pair, return_index=True)[1])


def split_time_ms(log: Log, test_fraction: float) -> int:
    """Returns the time from which on lies the last `test_fraction` of the events."""
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction is {test_fraction}, expected a value between 0 and 1")
    return int(log.timestamp_ms[int(np.floor(len(log) * (1 - test_fraction)))])


def ranking(world: World, situations: Situations, k: int) -> Ints:
    """Returns [n, k] the most probable books of each situation, best first."""
    chunks = [
        np.argsort(-probabilities(world, part), axis=1, kind="stable")[:, :k]
        for part in _chunks(situations)
    ]
    return np.concatenate(chunks)


def oracle_recall(world: World, targets: Targets, k: int = 10) -> float:
    """Returns the oracle's Recall@k, the mean over users of each user's share of hits."""
    scores = (probabilities(world, part) for part in _chunks(targets.situations))
    rank = np.concatenate(
        [target_rank(p, targets.item[i * CHUNK : (i + 1) * CHUNK]) for i, p in enumerate(scores)]
    )
    return mean_over_users(rank < k, targets.situations.user)


def target_rank(score: Floats, item: Ints) -> Ints:
    """Returns [n] the rank of each target from 0; ties count against it.

    Args:
        score: [n, num_items], excluded books below every other.
        item: [n] the targets.
    """
    own = np.take_along_axis(score, item[:, None], axis=1)
    rank: Ints = (score >= own).sum(axis=1) - 1
    return rank


def mean_over_users(hit: npt.NDArray[np.bool_], user: Ints) -> float:
    """Returns the mean over users of each user's mean hit."""
    if not len(user):
        raise ValueError("there are no targets to average over: lengthen the log or test_fraction")
    _, row = np.unique(user, return_inverse=True)
    return float((np.bincount(row, weights=hit) / np.bincount(row)).mean())


def _chunks(situations: Situations) -> Iterator[Situations]:
    for low in range(0, len(situations.user), CHUNK):
        part = slice(low, low + CHUNK)
        yield Situations(
            user=situations.user[part],
            timestamp_ms=situations.timestamp_ms[part],
            device=situations.device[part],
            recent=situations.recent[part],
            last_ms=situations.last_ms[part],
            seen=situations.seen[part],
        )
