"""The comparison of search methods on one set of vectors."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.retrieval.data import Vectors
from benchmarks.retrieval.measure import NumpyExactSearch, Timing, recall, time_in_turns
from benchmarks.retrieval.methods.interface import MakeIndexes, SearchTask
from benchmarks.retrieval.single_core import one_core
from benchmarks.retrieval.tuning import BestTrial, best_trials, build_index
from schemas.errors import InputError


def compare_methods(
    vectors: Vectors, methods: dict[str, MakeIndexes], targets: Sequence[float], k: int
) -> dict[str, Any]:
    """Tunes every method on one half of the queries and measures it on the other half.

    Args:
      vectors: Items and queries.
      methods: By name, a function that returns the indexes to build for a task.
      targets: Recalls to reach, in 0…1.
      k: Number of nearest items per query.

    Returns:
      JSON values; `rows` has one entry for each method and target.

    Raises:
      InputError: There are fewer than k items.
    """
    num_items, dim = vectors.items.shape
    if k > num_items:
        raise InputError(f"--k {k}: there are only {num_items} items; give a smaller k")
    exact = NumpyExactSearch(vectors.items)
    tuning_queries, test_queries = vectors.halves()
    tuning_rows, test_rows = exact(tuning_queries, k), exact(test_queries, k)
    task = SearchTask(num_items, dim, k, tuple(targets))
    rows: list[dict[str, Any]] = []
    for name, make_indexes in methods.items():
        print(f"== {vectors.name}: {name}", file=sys.stderr)
        built = [build_index(index, vectors.items, tuning_queries) for index in make_indexes(task)]
        best, trials = best_trials(built, tuning_queries, tuning_rows, task.targets)
        with one_core():
            rows += [
                {"search": name, "ways_tried": len(trials)}
                | _measure(of_target, exact, test_queries, test_rows)
                for of_target in best
            ]
    exact_timings = [timing for row in rows if (timing := row.pop("exact_time"))]
    exact_timing = Timing.minimum(exact_timings) if exact_timings else None
    for row in rows:
        if row["time"] and exact_timing:
            row["times_faster"] = row["time"].speedup_over(exact_timing)
            row["time"] = asdict(row["time"])
    return {
        "vectors": vectors.name,
        "items": num_items,
        "dim": dim,
        "k": k,
        "targets": task.targets,
        "choosing_queries": len(tuning_queries),
        "reported_queries": len(test_queries),
        "exact": asdict(exact_timing) if exact_timing else None,
        "rows": rows,
    }


def _measure(
    best: BestTrial,
    exact: NumpyExactSearch,
    queries: npt.NDArray[np.float32],
    exact_rows: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """Measures recall on the test queries, and times where the target was reached in tuning."""
    built = best.trial.built
    built.index.set_search_parameters(best.trial.parameters)
    k = exact_rows.shape[1]
    timed = time_in_turns(built.index.search, exact, queries, k) if best.reached else None
    return {
        "target": best.target,
        "reached": best.reached,
        "recall": recall(built.index.search(queries, k), exact_rows),
        "recall_when_chosen": best.trial.recall,
        "time": timed[0] if timed else None,
        "exact_time": timed[1] if timed else None,
        "build_seconds": built.seconds,
        "size_bytes": built.size_bytes,
        "built_with": built.index.build_parameters,
        "asked_with": best.trial.parameters,
    }
