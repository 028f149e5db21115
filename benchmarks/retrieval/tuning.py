"""The fastest way of a method to reach a recall, out of all that it was built and asked with."""

import sys
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.retrieval.core import one_core
from benchmarks.retrieval.measure import recall, single_ms
from benchmarks.retrieval.peers.peer import Peer, Settings

_TIMED_QUERIES = 128
_ROUNDS = 2


@dataclass(frozen=True)
class Built:
    """A build of a method, the seconds it took on all cores, and the bytes it came to."""

    peer: Peer
    seconds: float
    size_bytes: int


@dataclass
class Tried:
    """A build asked in one way, and what came of it on the half that chooses.

    Attributes:
      is_lowest: It is the lowest rung of its ladder to reach some target; only then is it timed.
      latency_ms: The median of a query alone.
    """

    built: Built
    way: Settings
    recall: float
    is_lowest: bool = False
    latency_ms: float = float("inf")


@dataclass(frozen=True)
class Choice:
    """What a method does about a target: the fastest way that reaches it, or its best recall."""

    target: float
    tried: Tried
    reached: bool


def build(peer: Peer, items: np.ndarray, queries: np.ndarray) -> Built:
    """Builds and times it."""
    begin = time.perf_counter()
    peer.build(items, queries)
    seconds = time.perf_counter() - begin
    print(f"  built {peer.settings} in {seconds:.1f} s", file=sys.stderr)
    return Built(peer, seconds, peer.size_bytes())


def choose(
    builds: Sequence[Built],
    queries: np.ndarray,
    wanted: np.ndarray,
    targets: Sequence[float],
) -> tuple[list[Choice], list[Tried]]:
    """Tries every build on every ladder of its, on one core.

    Args:
      builds: Of one method.
      queries: [num_queries, dim] float32 to choose by.
      wanted: [num_queries, k] rows of exact search.
      targets: Recalls to reach.

    Returns:
      A choice for each target, and all that was tried.
    """
    begin = time.perf_counter()
    with one_core():
        tried = [
            each
            for built in builds
            for ladder in built.peer.ladders()
            for each in _climb(built, ladder, queries, wanted, targets)
        ]
        _time(tried, queries, wanted.shape[1])
    print(f"  tried {len(tried)} ways in {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    return [_choice(tried, target) for target in targets], tried


def _climb(
    built: Built,
    ladder: Sequence[Settings],
    queries: np.ndarray,
    wanted: np.ndarray,
    targets: Sequence[float],
) -> list[Tried]:
    """The rungs that bisection has to try to find the lowest that reaches each target."""
    tried: dict[int, Tried] = {}

    def recall_at(rung: int) -> float:
        if rung not in tried:
            built.peer.use(ladder[rung])
            found = built.peer.search(queries, wanted.shape[1])
            tried[rung] = Tried(built, ladder[rung], recall(found, wanted))
        return tried[rung].recall

    for target in targets:
        if built.peer.target in (None, target):
            lowest = bisect_left(range(len(ladder)), target, key=recall_at)
            if lowest < len(ladder):
                tried[lowest].is_lowest = True
    return list(tried.values())


def _time(tried: list[Tried], queries: np.ndarray, k: int) -> None:
    """The rounds go over all, so that a slow minute of the machine hits none alone."""
    for _ in range(_ROUNDS):
        for each in tried:
            if each.is_lowest:
                peer = each.built.peer
                peer.use(each.way)
                median = float(np.median(single_ms(peer.search, queries[:_TIMED_QUERIES], k)))
                each.latency_ms = min(each.latency_ms, median)


def _choice(tried: list[Tried], target: float) -> Choice:
    fit = [each for each in tried if each.built.peer.target in (None, target)]
    reached = [each for each in fit if each.is_lowest and each.recall >= target]
    if reached:
        return Choice(target, min(reached, key=lambda each: each.latency_ms), True)
    return Choice(target, max(fit, key=lambda each: each.recall), False)
