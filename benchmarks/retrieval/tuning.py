"""The choice of build and search parameters: the lowest latency that reaches a recall target."""

import sys
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.retrieval.measure import recall, single_ms
from benchmarks.retrieval.methods.interface import Parameters, SearchIndex
from benchmarks.retrieval.single_core import one_core

_TIMED_QUERIES = 128
_ROUNDS = 2


@dataclass(frozen=True)
class BuiltIndex:
    """A built index.

    Attributes:
      index: The index.
      seconds: Wall time of the build, on all cores.
      size_bytes: Size of the index.
    """

    index: SearchIndex
    seconds: float
    size_bytes: int


@dataclass
class Trial:
    """The result of one index with one set of search parameters on the tuning queries.

    Attributes:
      built: The index.
      parameters: Search parameters.
      recall: Recall@k in 0…1.
      is_cheapest: Whether these are the cheapest parameters of their list that reach one of the
        targets; only such trials are timed.
      latency_ms: Median latency of a single query, in milliseconds.
    """

    built: BuiltIndex
    parameters: Parameters
    recall: float
    is_cheapest: bool = False
    latency_ms: float = float("inf")


@dataclass(frozen=True)
class BestTrial:
    """The best trial of a method for one recall target.

    Attributes:
      target: Recall to reach, in 0…1.
      trial: The fastest trial that reaches the target, else the trial with the highest recall.
      reached: Whether the trial reaches the target.
    """

    target: float
    trial: Trial
    reached: bool


def build_index(
    index: SearchIndex, items: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]
) -> BuiltIndex:
    """Builds an index and measures the time that the build takes.

    Args:
      index: An index that is not built yet.
      items: [num_items, dim] float32.
      queries: [num_queries, dim] float32 for choosing parameters.
    """
    begin = time.perf_counter()
    index.build(items, queries)
    seconds = time.perf_counter() - begin
    print(f"  built {index.build_parameters} in {seconds:.1f} s", file=sys.stderr)
    return BuiltIndex(index, seconds, index.size_bytes())


def best_trials(
    built_indexes: Sequence[BuiltIndex],
    queries: npt.NDArray[np.float32],
    exact_rows: npt.NDArray[np.int64],
    targets: Sequence[float],
) -> tuple[list[BestTrial], list[Trial]]:
    """Tries search parameters of every index, on one core.

    Args:
      built_indexes: Indexes of one method.
      queries: [num_queries, dim] float32, the tuning queries.
      exact_rows: [num_queries, k], the results of exact search.
      targets: Recalls to reach, in 0…1.

    Returns:
      The best trial for each target, and all trials.
    """
    begin = time.perf_counter()
    with one_core():
        trials = [
            trial
            for built in built_indexes
            for parameter_list in built.index.parameter_lists()
            for trial in _bisect(built, parameter_list, queries, exact_rows, targets)
        ]
        _time(trials, queries, exact_rows.shape[1])
    seconds = time.perf_counter() - begin
    print(f"  tried {len(trials)} settings in {seconds:.0f} s", file=sys.stderr)
    return [_best(trials, target) for target in targets], trials


def _bisect(
    built: BuiltIndex,
    parameter_list: Sequence[Parameters],
    queries: npt.NDArray[np.float32],
    exact_rows: npt.NDArray[np.int64],
    targets: Sequence[float],
) -> list[Trial]:
    """Finds the cheapest parameters for each target by bisection, and returns all trials."""
    trials: dict[int, Trial] = {}

    def recall_at(position: int) -> float:
        if position not in trials:
            built.index.set_search_parameters(parameter_list[position])
            found = built.index.search(queries, exact_rows.shape[1])
            trials[position] = Trial(built, parameter_list[position], recall(found, exact_rows))
        return trials[position].recall

    for target in targets:
        if built.index.recall_target in (None, target):
            cheapest = bisect_left(range(len(parameter_list)), target, key=recall_at)
            if cheapest < len(parameter_list):
                trials[cheapest].is_cheapest = True
    return list(trials.values())


def _time(trials: list[Trial], queries: npt.NDArray[np.float32], k: int) -> None:
    """Times the cheapest trials in rounds, so that a slow minute affects all of them alike."""
    for _ in range(_ROUNDS):
        for trial in trials:
            if trial.is_cheapest:
                index = trial.built.index
                index.set_search_parameters(trial.parameters)
                median = float(np.median(single_ms(index.search, queries[:_TIMED_QUERIES], k)))
                trial.latency_ms = min(trial.latency_ms, median)


def _best(trials: list[Trial], target: float) -> BestTrial:
    usable = [trial for trial in trials if trial.built.index.recall_target in (None, target)]
    reached = [trial for trial in usable if trial.is_cheapest and trial.recall >= target]
    if reached:
        return BestTrial(target, min(reached, key=lambda trial: trial.latency_ms), True)
    return BestTrial(target, max(usable, key=lambda trial: trial.recall), False)
