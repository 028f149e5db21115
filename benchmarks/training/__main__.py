"""Speed, memory and quality of this trainer, of a TFRS tutorial's one and of RecTools' SASRec.

    python3 -m venv ENV
    ENV/bin/python -m pip install -r benchmarks/requirements-training.txt
    .venv/bin/python -m benchmarks.training [--log FILE] [--rectools ENV/bin/python] [--json FILE]

Every program trains on the same log in a process of its own, one after the other, until the last
epoch or the time limit, and ranks the whole catalogue for the last event of every user, which no
program trains on. RecTools leaves out the events of a user before the last history. Speeds do not
include the start (tracing and compilation). FILE has a line `user item` per event, in order of
time, such as MovieLens-1M; without a file, a log of its sizes is generated. RecTools is left out
without `--rectools`. Prints Markdown on stdout; progress goes to stderr.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.training.sequences import SequenceLog, generate, read_pairs
from pipeline.exit_codes import ExitCode

OURS, TUTORIAL, RECTOOLS = "twotower", "tutorial", "rectools_sasrec"
_ROOT = Path(__file__).parents[2]
_PAIR_BATCHES = (1024, 4096)
_PAIR_DIM = 32
_MATMUL_SIZE = 2048


def main() -> int:
    """Prints the tables and returns 0; 2 for a file that is no log."""
    options = _options()
    try:
        log = _log(options)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.npz")
        log.save(path)
        results = _results(options, path)
        parts = _breakdown(options, path)
    rate = matmul_gflops()
    print(
        f"{len(log.items):,} events of {len(log.lengths):,} users on {log.num_items:,} items; at "
        f"most {options.epochs} epochs or {options.seconds:.0f} s; matrix products of "
        f"{_MATMUL_SIZE} x {_MATMUL_SIZE}: {rate:.0f} GFLOP/s\n"
    )
    for title, rows in results.items():
        print(table(title, rows, len(log.items) - len(log.lengths)) + "\n")
    print("| part of a step | ms |\n|---|---|")
    for name, seconds in parts.items():
        print(f"| {name} | {seconds * 1e3:.1f} |")
    if options.json:
        record = {"results": results, "breakdown_s": parts, "matmul_gflops": rate}
        record |= environment(["tensorflow", "tensorflow-recommenders"])
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="a line `user item` per event")
    parser.add_argument("--users", type=int, default=6040, help="generated users (%(default)s)")
    parser.add_argument("--items", type=int, default=3416, help="generated items (%(default)s)")
    parser.add_argument(
        "--mean-events", type=int, default=165, help="generated events per user (%(default)s)"
    )
    parser.add_argument("--history", type=int, default=200, help="events (default %(default)s)")
    parser.add_argument("--dim", type=int, default=128, help="embedding size (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=10, help="(default %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=300.0, help="time limit per program (default %(default)s)"
    )
    parser.add_argument("--rectools", metavar="PYTHON", help="an interpreter that has RecTools")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    return parser.parse_args()


def _log(options: argparse.Namespace) -> SequenceLog:
    if options.log is not None:
        return read_pairs(options.log)
    return generate(options.users, options.items, options.mean_events)


def _results(options: argparse.Namespace, log: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Returns the measurements by title of a table and program."""
    sequences = {OURS: 6400, TUTORIAL: 1024}
    if options.rectools:
        sequences[RECTOOLS] = 128
    results = {
        f"history {options.history}, {options.dim} dimensions": {
            name: _run(name, log, options, options.history, options.dim, batch)
            for name, batch in sequences.items()
        }
    }
    for batch in _PAIR_BATCHES:
        results[f"pairs, batch {batch}, {_PAIR_DIM} dimensions"] = {
            name: _run(name, log, options, 0, _PAIR_DIM, batch) for name in (OURS, TUTORIAL)
        }
    return results


def _run(
    name: str, log: Path, options: argparse.Namespace, history: int, dim: int, batch: int
) -> dict[str, float]:
    """Runs a program and returns its measurement."""
    python = options.rectools if name == RECTOOLS else sys.executable
    arguments = {"history": history, "dim": dim, "batch": batch, "epochs": options.epochs}
    arguments["seconds"] = options.seconds
    print(f"== {name}: {arguments}", file=sys.stderr)
    measured: dict[str, float] = json.loads(_stdout(python, name, log, arguments).splitlines()[-1])
    print(f"   {measured}", file=sys.stderr)
    return measured


def _breakdown(options: argparse.Namespace, log: Path) -> dict[str, float]:
    """Returns the seconds of the parts of a step of the project's trainer with histories."""
    arguments = {"history": options.history, "dim": options.dim, "batch": 6400}
    arguments |= {"epochs": options.epochs, "seconds": options.seconds}
    lines = _stdout(sys.executable, OURS, log, arguments, "--breakdown").splitlines()
    parts = (line.split("\t") for line in lines if "\t" in line)
    return {name: float(seconds) for name, seconds in parts}


def _stdout(python: str, name: str, log: Path, arguments: dict[str, Any], *flags: str) -> str:
    command = [python, "-m", f"benchmarks.training.{name}", str(log), *flags]
    for key, value in arguments.items():
        command += [f"--{key}", str(value)]
    return subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def matmul_gflops() -> float:
    """Returns the rate of float32 matrix products in NumPy, the fastest of five."""
    x = np.ones((_MATMUL_SIZE, _MATMUL_SIZE), np.float32)
    durations = []
    for _ in range(5):
        started = time.perf_counter()
        np.matmul(x, x)
        durations.append(time.perf_counter() - started)
    return 2 * _MATMUL_SIZE**3 / min(durations) / 1e9


def table(title: str, rows: dict[str, dict[str, float]], targets_per_epoch: int) -> str:
    """Returns a Markdown table with one line per program; ratios are to the project's trainer."""
    lines = [
        f"| {title} | targets/s | ratio | start, s | peak memory, MiB | epochs | recall@10 |",
        "|---|---|---|---|---|---|---|",
    ]
    ours = rows[OURS]["targets_per_second"]
    for name, row in rows.items():
        speed = row["targets_per_second"]
        lines.append(
            f"| {name} | {speed:,.0f} | {ours / speed:.1f} | {row['first_step_s']:.1f} | "
            f"{row['peak_mb']:,.0f} | {row['targets'] / targets_per_epoch:.2f} | "
            f"{row['recall']:.4f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
