"""The evaluator's ranking of a whole catalogue beside the bare matrix product, and its memory.

    python -m benchmarks.evaluation [--queries 20000] [--candidates 50000] [--json FILE]

Ranking gives the rank of each query's relevant item, ties against the model, and the ten best of
what its user has not seen. Each program has a process of its own and runs a few times there; the
best counts. The floor is the faster of NumPy's and TensorFlow's product of the same vectors, in
chunks of the same size. Prints a table; nothing depends on the targets that stand below it.
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
    OURS,
    PROGRAMS,
    SEED,
    TENSORFLOW,
    Measured,
    Sizes,
    measure,
)
from pipeline.environment import quieten

MAX_TIMES_MATMUL = 2.0
VERSIONED = ("tensorflow", "numpy")
_SCORE_BYTES = 4


def main() -> int:
    """Prints the table and returns 0; 1 where a rank or list is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evaluation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--candidates", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--seen", type=int, default=50, help="items left out for each query")
    parser.add_argument("--chunk", type=int, default=320, help="queries scored at a time")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for all measurements")
    options = parser.parse_args()
    quieten()
    sizes = Sizes(options.queries, options.candidates, options.dim, options.seen, options.chunk)
    runs = {}
    for name in PROGRAMS:
        print(f"running: {name}", file=sys.stderr)
        # This process stays small: a child's peak memory counts from what its parent held.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            runs[name] = pool.submit(measure, name, sizes, options.repetitions).result()
    print(table(sizes, runs))
    if options.json:
        facts = {
            **environment(VERSIONED),
            "seed": SEED,
            "sizes": asdict(sizes),
            "runs": {name: asdict(run) for name, run in runs.items()},
        }
        options.json.write_text(json.dumps(facts, indent=2) + "\n")
    return 1 if any(run.same_ranks is False for run in runs.values()) else 0


def table(sizes: Sizes, runs: dict[str, Measured]) -> str:
    """One line a program."""
    floor_s = min(min(runs[name].wall_s) for name in (NUMPY, TENSORFLOW))
    all_scores = sizes.queries * sizes.candidates * _SCORE_BYTES
    lines = [
        f"{sizes.queries:,} queries, {sizes.seen} seen items each, over {sizes.candidates:,} "
        f"candidates, {sizes.dim} dimensions, {sizes.chunk} queries at a time",
        f"{'':<36}{'seconds':>9}{'CPU s':>8}{'/ matmul':>10}{'peak MB':>9}{'added MB':>10}"
        f"{'exact':>7}",
    ]
    for name, run in runs.items():
        exact = {None: "", True: "yes", False: "NO"}[run.same_ranks]
        lines.append(
            f"{name:<36}{min(run.wall_s):>9.2f}{min(run.cpu_s):>8.2f}"
            f"{min(run.wall_s) / floor_s:>10.2f}{run.peak_rss_bytes / 1e6:>9,.0f}"
            f"{run.added_rss_bytes / 1e6:>10,.0f}{exact:>7}"
        )
    lines += [
        f"{min(runs[OURS].wall_s) / floor_s:.2f} times the matmul (target: at most "
        f"{MAX_TIMES_MATMUL})",
        f"One chunk of scores is {sizes.chunk * sizes.candidates * _SCORE_BYTES / 1e6:,.0f} MB, "
        f"all of them {all_scores / 1e6:,.0f} MB.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
