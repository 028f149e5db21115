"""Time and memory of ranking a whole catalogue in evaluation, compared with a matrix product.

    python -m benchmarks.evaluation [--queries 20000] [--candidates 50000] [--json FILE]

Ranking computes the rank of each query's relevant item, with ties counted against the model, and
the ten best items that the user has not seen. Each program runs several times in its own process,
and the table gives the fastest run. The lower bound is the product of the same vectors, in chunks
of the same size, in NumPy or TensorFlow, whichever is faster. The target below the table does not
affect the exit code.
"""

import argparse
import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from benchmarks.environment import environment
from benchmarks.evaluation.programs import (
    NUMPY,
    PROGRAMS,
    SEED,
    TENSORFLOW,
    TWOTOWER,
    RankingMeasurement,
    RankingSizes,
    measure,
)
from pipeline.environment import quieten

MAX_TIMES_MATMUL = 2.0
VERSIONED = ("tensorflow", "numpy")
_SCORE_BYTES = 4


def main() -> int:
    """Prints the table and returns 0; 1 if a rank or a list is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evaluation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--queries", type=int, default=20_000, help="number of queries (default %(default)s)"
    )
    parser.add_argument(
        "--candidates", type=int, default=50_000, help="number of candidates (default %(default)s)"
    )
    parser.add_argument("--dim", type=int, default=64, help="embedding size (default %(default)s)")
    parser.add_argument(
        "--seen", type=int, default=50, help="seen items excluded per query (default %(default)s)"
    )
    parser.add_argument(
        "--chunk", type=int, default=320, help="queries scored at a time (default %(default)s)"
    )
    parser.add_argument(
        "--repetitions", type=int, default=3, help="runs of each program (default %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    options = parser.parse_args()
    quieten()
    sizes = RankingSizes(
        options.queries, options.candidates, options.dim, options.seen, options.chunk
    )
    runs = {}
    for name in PROGRAMS:
        print(f"running: {name}", file=sys.stderr)
        # Linux counts the parent's memory at the start in a child's peak: this process stays small.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            runs[name] = pool.submit(measure, name, sizes, options.repetitions).result()
    print(table(sizes, runs))
    if options.json:
        result = {
            **environment(VERSIONED),
            "seed": SEED,
            "sizes": asdict(sizes),
            "runs": {name: asdict(run) for name, run in runs.items()},
        }
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 1 if any(run.same_ranks is False for run in runs.values()) else 0


def table(sizes: RankingSizes, runs: dict[str, RankingMeasurement]) -> str:
    """Returns a table with one line per program."""
    matmul_s = min(min(runs[name].wall_s) for name in (NUMPY, TENSORFLOW))
    chunk_bytes = sizes.chunk * sizes.candidates * _SCORE_BYTES
    all_bytes = sizes.queries * sizes.candidates * _SCORE_BYTES
    lines = [
        f"{sizes.queries:,} queries with {sizes.seen} seen items each, {sizes.candidates:,} "
        f"candidates, {sizes.dim} dimensions, {sizes.chunk} queries at a time",
        f"{'':<36}{'seconds':>9}{'CPU s':>8}{'/ matmul':>10}{'peak MB':>9}{'added MB':>10}"
        f"{'correct':>9}",
    ]
    for name, run in runs.items():
        correct = {None: "", True: "yes", False: "NO"}[run.same_ranks]
        lines.append(
            f"{name:<36}{min(run.wall_s):>9.2f}{min(run.cpu_s):>8.2f}"
            f"{min(run.wall_s) / matmul_s:>10.2f}{run.peak_rss_bytes / 1e6:>9,.0f}"
            f"{run.added_rss_bytes / 1e6:>10,.0f}{correct:>9}"
        )
    lines += [
        f"twotower takes {min(runs[TWOTOWER].wall_s) / matmul_s:.2f}x as long as the matrix "
        f"product (target: at most {MAX_TIMES_MATMUL}x)",
        f"The scores of one chunk take {chunk_bytes / 1e6:,.0f} MB, the scores of all "
        f"queries {all_bytes / 1e6:,.0f} MB.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
