"""Recall on validation: TFRS's FactorizedTopK beside the same numbers by counting.

    python -m benchmarks.validation [--candidates 50000] [--queries 20000] [--json FILE]

All forms see the same embeddings in the same batches, each inside a tf.function, after a warm-up;
the best of some repetitions counts, but for the streaming form of TFRS's tutorials, which runs
once. The floor is the product of queries and candidates alone. Prints a table; nothing depends on
the target that stands below it.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import environment
from pipeline.environment import quieten

SEED = 0
MIN_TIMES_STREAMING = 50.0
STREAMING_BATCH = 128
MATMUL_ROWS = (256, 1024)
VERSIONED = ("tensorflow", "tensorflow-recommenders", "numpy")
STREAMING, BRUTE_FORCE, OURS = "FactorizedTopK, streaming", "FactorizedTopK, BruteForce", "twotower"
FLOOR = "the matmul alone"


@dataclass(frozen=True)
class World:
    """Embeddings of queries and candidates, and the true candidate of each query.

    Attributes:
      queries: [num_queries, dim] float32, drawn towards their true candidates.
      candidates: [num_candidates, dim] float32.
      rows: [num_queries] int32 rows of the candidates.
    """

    queries: np.ndarray
    candidates: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, num_queries: int, num_candidates: int, dim: int) -> "World":
        """The same for the same sizes."""
        rng = np.random.default_rng(SEED)
        candidates = rng.normal(size=(num_candidates, dim)).astype(np.float32)
        rows = rng.integers(num_candidates, size=num_queries).astype(np.int32)
        noise = rng.normal(size=(num_queries, dim)).astype(np.float32)
        return cls(noise + 0.4 * candidates[rows], candidates, rows)

    def batches(self, size: int) -> list[tuple[Any, Any, Any]]:
        """(queries, embeddings of their true candidates, rows) in tensors."""
        import tensorflow as tf

        starts = range(0, len(self.rows), size)
        slices = [slice(start, start + size) for start in starts]
        return [
            tuple(
                tf.constant(x)
                for x in (self.queries[s], self.candidates[self.rows[s]], self.rows[s])
            )
            for s in slices
        ]


@dataclass(frozen=True)
class Measured:
    """Each repetition's seconds, and the recall at each cutoff that came out."""

    wall_s: list[float]
    cpu_s: list[float]
    recall: list[float]

    @property
    def best_s(self) -> float:
        """Of the fastest repetition."""
        return min(self.wall_s)


def main() -> int:
    """Prints the table and returns 0; 1 where the numbers differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.validation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--candidates", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--batch", type=int, default=4_096, help="queries given at a time")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for all measurements")
    options = parser.parse_args()
    quieten()
    world = World.of(options.queries, options.candidates, options.dim)
    runs = compare(world, options.batch, options.repetitions)
    print(table(world, runs))
    if options.json:
        facts = {
            **environment(VERSIONED),
            "seed": SEED,
            "sizes": {name: getattr(options, name) for name in ("candidates", "queries", "dim")},
            "batch": options.batch,
            "runs": {name: asdict(run) for name, run in runs.items()},
            "same_numbers": same_numbers(runs),
        }
        options.json.write_text(json.dumps(facts, indent=2) + "\n")
    return 0 if same_numbers(runs) else 1


def compare(world: World, batch: int, repetitions: int) -> dict[str, Measured]:
    """Measures all forms, which take turns; the streaming one comes last and once."""
    batches = world.batches(batch)
    floors = {f"{FLOOR}, {rows} rows": _floor(world, world.batches(rows)) for rows in MATMUL_ROWS}
    forms = {BRUTE_FORCE: _metric(_brute_force(world), batches)}
    forms |= {OURS: _metric(_ours(world), batches), **floors}
    done: dict[str, list[tuple[float, float, list[float]]]] = {name: [] for name in forms}
    for form in forms.values():
        form()
    for repetition in range(repetitions):
        for name, form in forms.items():
            print(f"run {repetition + 1} of {repetitions}: {name}", file=sys.stderr)
            done[name].append(_timed(form))
    print(f"run 1 of 1: {STREAMING}", file=sys.stderr)
    streaming = _streaming(world)
    _metric(streaming, world.batches(8)[:1])()
    done[STREAMING] = [_timed(_metric(streaming, batches))]
    return {
        name: Measured([run[0] for run in of], [run[1] for run in of], of[0][2])
        for name, of in done.items()
    }


def same_numbers(runs: dict[str, Measured]) -> bool:
    """Whether counting gave exactly what both forms of TFRS give."""
    return runs[OURS].recall == runs[BRUTE_FORCE].recall == runs[STREAMING].recall


def table(world: World, runs: dict[str, Measured]) -> str:
    """One line a form, the slowest first."""
    from components.trainer.model.metrics import CUTOFFS

    floor_s = min(run.best_s for name, run in runs.items() if name.startswith(FLOOR))
    streaming_s = runs[STREAMING].best_s
    lines = [
        f"{len(world.rows):,} queries over {len(world.candidates):,} candidates, "
        f"{world.candidates.shape[1]} dimensions",
        f"{'':<34}{'seconds':>9}{'CPU s':>8}{'times as fast':>15}{'/ matmul':>10}"
        f"{'recall@10':>11}{'as TFRS':>9}",
    ]
    for name, run in sorted(runs.items(), key=lambda item: -item[1].best_s):
        recall = f"{run.recall[CUTOFFS.index(10)]:.5f}" if run.recall else ""
        same = {True: "equal", False: "NO"}[run.recall == runs[BRUTE_FORCE].recall]
        lines.append(
            f"{name:<34}{run.best_s:>9.2f}{min(run.cpu_s):>8.2f}{streaming_s / run.best_s:>15.1f}"
            f"{run.best_s / floor_s:>10.2f}{recall:>11}{same if run.recall else '':>9}"
        )
    lines.append(
        f"{streaming_s / runs[OURS].best_s:.1f} times as fast as the streaming form "
        f"(target: at least {MIN_TIMES_STREAMING:.0f})"
    )
    return "\n".join(lines)


def _streaming(world: World) -> Any:
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    candidates = tf.data.Dataset.from_tensor_slices(world.candidates).batch(STREAMING_BATCH)
    return tfrs.metrics.FactorizedTopK(candidates)


def _brute_force(world: World) -> Any:
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    index = tfrs.layers.factorized_top_k.BruteForce()
    rows = tf.range(len(world.candidates))
    return tfrs.metrics.FactorizedTopK(index.index(tf.constant(world.candidates), rows))


def _ours(world: World) -> Any:
    import tensorflow as tf

    from components.trainer.model.metrics import CountingTopK

    num_candidates, dim = world.candidates.shape
    metric = CountingTopK(num_candidates, dim)
    metric.refill(tf.constant(world.candidates))
    return metric


def _metric(metric: Any, batches: list[tuple[Any, Any, Any]]) -> Callable[[], list[float]]:
    """A validation: all batches through the metric, and its numbers."""
    import tensorflow as tf

    # As `Model.test_step` is compiled; the shapes of batches differ at the end alone.
    @tf.function(autograph=False, reduce_retracing=True)
    def update(queries: Any, true: Any, rows: Any) -> None:
        metric.update_state(queries, true, true_candidate_ids=rows)

    def validate() -> list[float]:
        metric.reset_states()
        for batch in batches:
            update(*batch)
        return [float(value) for value in metric.result()]

    return validate


def _floor(world: World, batches: list[tuple[Any, Any, Any]]) -> Callable[[], list[float]]:
    import tensorflow as tf

    candidates = tf.constant(world.candidates.T)

    @tf.function(autograph=False, reduce_retracing=True)
    def multiply(queries: Any) -> Any:
        # A corner, so that TensorFlow leaves none of it out.
        return tf.linalg.matmul(queries, candidates)[-1, -1]

    def multiply_all() -> list[float]:
        for queries, _, _ in batches:
            multiply(queries).numpy()
        return []

    return multiply_all


def _timed(form: Callable[[], list[float]]) -> tuple[float, float, list[float]]:
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    numbers = form()
    return time.perf_counter() - begun_s, time.process_time() - begun_cpu_s, numbers


if __name__ == "__main__":
    sys.exit(main())
