"""Approximate searches tuned to the same recall, in one run on one core.

    .venv/bin/python -m pip install -r benchmarks/requirements-retrieval.txt
    .venv/bin/python -m benchmarks.retrieval [--items 100000] [--dim 64] [--targets 0.95 0.99]

Every method is built in each of its settings (on all cores), asked in every way of its ladders by
one half of the queries, and, with the fastest single query that reaches the target there,
measured by the other half: recall against exact NumPy, the latency of a query alone, and the time
a query takes in a batch of 256. Exact NumPy takes turns with each method; how many times faster
than its quietest rounds a method was is what is worth comparing. All see the same vectors and
queries by inner product; the vectors are generated (`benchmarks.retrieval.data` says how) or from
a file. Prints Markdown on stdout; progress goes to stderr.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import environment
from benchmarks.retrieval.core import one_core, restart_with_one_thread
from benchmarks.retrieval.data import KINDS, Vectors, from_file, generate
from benchmarks.retrieval.measure import ExactSearch, Timing, recall, timings
from benchmarks.retrieval.peers import METHODS, Builds, distributions, load
from benchmarks.retrieval.peers.peer import Task
from benchmarks.retrieval.table import render
from benchmarks.retrieval.tuning import Choice, build, choose
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError


def main() -> int:
    """Prints the tables and returns 0; 2 for an unfit option or a missing package."""
    options = _options()
    quieten()
    comparisons = []
    try:
        _check(options)
        methods = load(options.only or METHODS)
        for vectors in _vectors(options):
            comparisons.append(compared(vectors, methods, options.targets, options.k))
            print(render(comparisons[-1]) + "\n", flush=True)
            _write(options, comparisons)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.retrieval", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--queries", type=int, default=2048, help="of both halves")
    parser.add_argument("--seed", type=int, default=1, help="of the vectors")
    parser.add_argument(
        "--vectors", choices=KINDS, action="append", help="repeatable; else all of them"
    )
    parser.add_argument(
        "--embeddings", type=Path, metavar="FILE.npz", help="arrays items and queries, instead"
    )
    parser.add_argument("--targets", type=float, nargs="+", default=[0.95, 0.99])
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument(
        "--only", choices=list(METHODS), action="append", metavar="NAME", help="repeatable"
    )
    parser.add_argument("--json", type=Path, help="file for all measurements")
    return parser.parse_args()


def _check(options: argparse.Namespace) -> None:
    if options.json and not options.json.resolve().parent.is_dir():
        raise InputError(f"--json {options.json}: its folder does not exist")
    for target in options.targets:
        if not 0 < target <= 1:
            raise InputError(f"--targets {target:g}: a recall is above 0 and at most 1")
    for name, least in (("items", 1000), ("dim", 2), ("queries", 2), ("k", 1)):
        given = getattr(options, name)
        if given < least:
            raise InputError(f"--{name} {given}: expected at least {least}")


def _vectors(options: argparse.Namespace) -> Iterator[Vectors]:
    if options.embeddings:
        yield from_file(options.embeddings)
        return
    for kind in options.vectors or KINDS:
        yield generate(kind, options.items, options.queries, options.dim, options.seed)


def compared(
    vectors: Vectors, methods: dict[str, Builds], targets: Sequence[float], k: int
) -> dict[str, Any]:
    """Tunes every method on one half of the queries, and measures it on the other.

    Args:
      vectors: Items and queries.
      methods: By name, what each builds for a task.
      targets: Recalls to reach, in 0…1.
      k: How many items a query wants.

    Returns:
      Facts for JSON; `rows` has one for each method and target.

    Raises:
      InputError: There are fewer than k items.
    """
    num_items, dim = vectors.items.shape
    if k > num_items:
        raise InputError(f"--k {k}: there are only {num_items} items")
    exact = ExactSearch(vectors.items)
    halves = vectors.halves()
    wanted = tuple(exact(half, k) for half in halves)
    task = Task(num_items, dim, k, tuple(targets))
    rows: list[dict[str, Any]] = []
    for name, builds in methods.items():
        print(f"== {vectors.name}: {name}", file=sys.stderr)
        built = [build(peer, vectors.items, halves[0]) for peer in builds(task)]
        choices, tried = choose(built, halves[0], wanted[0], task.targets)
        with one_core():
            rows += [
                {"search": name, "ways_tried": len(tried)}
                | _reported(choice, exact, halves[1], wanted[1])
                for choice in choices
            ]
    beside = [row.pop("exact_time") for row in rows]
    yardstick = Timing.least(timing for timing in beside if timing) if any(beside) else None
    for row in rows:
        if row["time"]:
            row["times_faster"] = row["time"].times_faster(yardstick)
            row["time"] = asdict(row["time"])
    return {
        "vectors": vectors.name,
        "items": num_items,
        "dim": dim,
        "k": k,
        "targets": task.targets,
        "choosing_queries": len(halves[0]),
        "reported_queries": len(halves[1]),
        "exact": asdict(yardstick) if yardstick else None,
        "rows": rows,
    }


def _reported(
    choice: Choice, exact: ExactSearch, queries: np.ndarray, wanted: np.ndarray
) -> dict[str, Any]:
    """What the half that did not choose says of a choice; times only where it is one."""
    built = choice.tried.built
    built.peer.use(choice.tried.way)
    k = wanted.shape[1]
    timed = timings(built.peer.search, exact, queries, k) if choice.reached else None
    return {
        "target": choice.target,
        "reached": choice.reached,
        "recall": recall(built.peer.search(queries, k), wanted),
        "recall_when_chosen": choice.tried.recall,
        "time": timed[0] if timed else None,
        "exact_time": timed[1] if timed else None,
        "build_seconds": built.seconds,
        "size_bytes": built.size_bytes,
        "built_with": built.peer.settings,
        "asked_with": choice.tried.way,
    }


def _write(options: argparse.Namespace, comparisons: list[dict[str, Any]]) -> None:
    if options.json:
        told = {
            **environment(distributions(options.only or METHODS)),
            "seed": options.seed,
            # Others' work on the machine is in the times.
            "load_average": os.getloadavg(),
            "comparisons": comparisons,
        }
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    restart_with_one_thread()
    sys.exit(main())
