"""Time of recall on validation: TFRS's FactorizedTopK compared with this project's CountingTopK.

    python -m benchmarks.validation_recall [--candidates 50000] [--queries 20000] [--json FILE]

All metrics receive the same embeddings in the same batches, inside a tf.function and after a
warm-up. The table gives the fastest repetition; only the streaming FactorizedTopK, as in TFRS's
tutorials, runs once. The lower bound is the product of the query and candidate matrices alone. The
target below the table does not affect the exit code.
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
import numpy.typing as npt

from benchmarks.environment import environment
from pipeline.environment import quieten

SEED = 0
MIN_TIMES_STREAMING = 50.0
STREAMING_BATCH = 128
MATMUL_ROWS = (256, 1024)
VERSIONED = ("tensorflow", "tensorflow-recommenders", "numpy")
STREAMING, BRUTE_FORCE = "FactorizedTopK, streaming", "FactorizedTopK, BruteForce"
COUNTING = "twotower"
MATMUL = "matmul only"


@dataclass(frozen=True)
class MetricInputs:
    """Embeddings of queries and candidates, and the true candidate of each query.

    Attributes:
      queries: [num_queries, dim] float32, correlated with their true candidates.
      candidates: [num_candidates, dim] float32.
      rows: [num_queries] int32, rows of the true candidates.
    """

    queries: npt.NDArray[np.float32]
    candidates: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int32]

    @classmethod
    def generate(cls, num_queries: int, num_candidates: int, dim: int) -> "MetricInputs":
        """Returns random inputs, the same for the same sizes."""
        rng = np.random.default_rng(SEED)
        candidates = rng.normal(size=(num_candidates, dim)).astype(np.float32)
        rows = rng.integers(num_candidates, size=num_queries).astype(np.int32)
        noise = rng.normal(size=(num_queries, dim)).astype(np.float32)
        return cls(noise + 0.4 * candidates[rows], candidates, rows)

    def batches(self, size: int) -> list[tuple[Any, Any, Any]]:
        """Returns batches of (queries, embeddings of true candidates, their rows) as tensors."""
        import tensorflow as tf

        starts = range(0, len(self.rows), size)
        slices = [slice(start, start + size) for start in starts]
        return [
            (
                tf.constant(self.queries[rows]),
                tf.constant(self.candidates[self.rows[rows]]),
                tf.constant(self.rows[rows]),
            )
            for rows in slices
        ]


@dataclass(frozen=True)
class MetricMeasurement:
    """The times and the result of one form of the metric.

    Attributes:
      wall_s: Seconds of each repetition.
      cpu_s: CPU seconds of each repetition, over all threads.
      recall: Recall at each cutoff of `components.trainer.model.metrics.CUTOFFS`; empty for the
        matrix product.
    """

    wall_s: list[float]
    cpu_s: list[float]
    recall: list[float]

    @property
    def best_s(self) -> float:
        """Seconds of the fastest repetition."""
        return min(self.wall_s)


def main() -> int:
    """Prints the table and returns 0; 1 where the metrics differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.validation_recall", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--candidates", type=int, default=50_000, help="number of candidates (default %(default)s)"
    )
    parser.add_argument(
        "--queries", type=int, default=20_000, help="number of queries (default %(default)s)"
    )
    parser.add_argument("--dim", type=int, default=64, help="embedding size (default %(default)s)")
    parser.add_argument(
        "--batch", type=int, default=4_096, help="queries per batch (default %(default)s)"
    )
    parser.add_argument(
        "--repetitions", type=int, default=3, help="runs of each metric (default %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    options = parser.parse_args()
    quieten()
    inputs = MetricInputs.generate(options.queries, options.candidates, options.dim)
    runs = compare(inputs, options.batch, options.repetitions)
    print(table(inputs, runs))
    if options.json:
        result = {
            **environment(VERSIONED),
            "seed": SEED,
            "sizes": {name: getattr(options, name) for name in ("candidates", "queries", "dim")},
            "batch": options.batch,
            "runs": {name: asdict(run) for name, run in runs.items()},
            "same_numbers": same_numbers(runs),
        }
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if same_numbers(runs) else 1


def compare(inputs: MetricInputs, batch: int, repetitions: int) -> dict[str, MetricMeasurement]:
    """Measures all metrics in turns, and the streaming FactorizedTopK once at the end.

    Args:
      inputs: Embeddings.
      batch: Queries per batch.
      repetitions: How often each metric runs.

    Returns:
      The measurements by name.
    """
    batches = inputs.batches(batch)
    programs = {
        BRUTE_FORCE: _validation(_brute_force(inputs), batches),
        COUNTING: _validation(_counting(inputs), batches),
    }
    for rows in MATMUL_ROWS:
        programs[f"{MATMUL}, {rows} rows"] = _matmul(inputs, inputs.batches(rows))
    done: dict[str, list[tuple[float, float, list[float]]]] = {name: [] for name in programs}
    for program in programs.values():
        program()  # warm-up
    for repetition in range(repetitions):
        for name, program in programs.items():
            print(f"run {repetition + 1} of {repetitions}: {name}", file=sys.stderr)
            done[name].append(_timed(program))
    print(f"run 1 of 1: {STREAMING}", file=sys.stderr)
    streaming = _streaming(inputs)
    _validation(streaming, inputs.batches(8)[:1])()  # warm-up
    done[STREAMING] = [_timed(_validation(streaming, batches))]
    return {
        name: MetricMeasurement([run[0] for run in runs], [run[1] for run in runs], runs[0][2])
        for name, runs in done.items()
    }


def same_numbers(runs: dict[str, MetricMeasurement]) -> bool:
    """Whether CountingTopK and both forms of FactorizedTopK give exactly the same recall."""
    return runs[COUNTING].recall == runs[BRUTE_FORCE].recall == runs[STREAMING].recall


def table(inputs: MetricInputs, runs: dict[str, MetricMeasurement]) -> str:
    """Returns a table with one line per metric, the slowest first."""
    from components.trainer.model.metrics import CUTOFFS

    matmul_s = min(run.best_s for name, run in runs.items() if name.startswith(MATMUL))
    streaming_s = runs[STREAMING].best_s
    lines = [
        f"{len(inputs.rows):,} queries, {len(inputs.candidates):,} candidates, "
        f"{inputs.candidates.shape[1]} dimensions",
        f"{'':<34}{'seconds':>9}{'CPU s':>8}{'vs. streaming':>15}{'/ matmul':>10}"
        f"{'recall@10':>11}{'vs. TFRS':>9}",
    ]
    for name, run in sorted(runs.items(), key=lambda item: -item[1].best_s):
        recall = f"{run.recall[CUTOFFS.index(10)]:.5f}" if run.recall else ""
        same = "equal" if run.recall == runs[BRUTE_FORCE].recall else "NO"
        speedup = f"{streaming_s / run.best_s:.1f}x"
        lines.append(
            f"{name:<34}{run.best_s:>9.2f}{min(run.cpu_s):>8.2f}{speedup:>15}"
            f"{run.best_s / matmul_s:>10.2f}{recall:>11}{same if run.recall else '':>9}"
        )
    lines.append(
        f"{streaming_s / runs[COUNTING].best_s:.1f}x as fast as the streaming FactorizedTopK "
        f"(target: at least {MIN_TIMES_STREAMING:.0f}x)"
    )
    return "\n".join(lines)


def _streaming(inputs: MetricInputs) -> Any:
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    candidates = tf.data.Dataset.from_tensor_slices(inputs.candidates).batch(STREAMING_BATCH)
    return tfrs.metrics.FactorizedTopK(candidates)


def _brute_force(inputs: MetricInputs) -> Any:
    import tensorflow as tf
    import tensorflow_recommenders as tfrs

    index = tfrs.layers.factorized_top_k.BruteForce()
    rows = tf.range(len(inputs.candidates))
    return tfrs.metrics.FactorizedTopK(index.index(tf.constant(inputs.candidates), rows))


def _counting(inputs: MetricInputs) -> Any:
    import tensorflow as tf

    from components.trainer.model.metrics import CountingTopK

    num_candidates, dim = inputs.candidates.shape
    metric = CountingTopK(num_candidates, dim)
    metric.refill(tf.constant(inputs.candidates))
    return metric


def _validation(metric: Any, batches: list[tuple[Any, Any, Any]]) -> Callable[[], list[float]]:
    """Returns a function that updates the metric with all batches and returns its results."""
    import tensorflow as tf

    # Compiled like `Model.test_step`; only the last batch has another shape.
    @tf.function(autograph=False, reduce_retracing=True)
    def update(queries: Any, true: Any, rows: Any) -> None:
        metric.update_state(queries, true, true_candidate_ids=rows)

    def validate() -> list[float]:
        metric.reset_states()
        for batch in batches:
            update(*batch)
        return [float(value) for value in metric.result()]

    return validate


def _matmul(inputs: MetricInputs, batches: list[tuple[Any, Any, Any]]) -> Callable[[], list[float]]:
    import tensorflow as tf

    candidates = tf.constant(inputs.candidates.T)

    @tf.function(autograph=False, reduce_retracing=True)
    def multiply(queries: Any) -> Any:
        # One element depends on the whole product, so that TensorFlow cannot prune the product.
        return tf.linalg.matmul(queries, candidates)[-1, -1]

    def multiply_all() -> list[float]:
        for queries, _, _ in batches:
            multiply(queries).numpy()
        return []

    return multiply_all


def _timed(program: Callable[[], list[float]]) -> tuple[float, float, list[float]]:
    """Runs a program and returns (wall seconds, CPU seconds, its result)."""
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    result = program()
    return time.perf_counter() - begin_s, time.process_time() - begin_cpu_s, result


if __name__ == "__main__":
    sys.exit(main())
