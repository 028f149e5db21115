"""Latency of approximate search methods, each tuned to the same recall, on one core.

    .venv/bin/python -m pip install -r benchmarks/requirements-retrieval.txt
    .venv/bin/python -m benchmarks.retrieval [--items 100000] [--dim 64] [--targets 0.95 0.99]

Every method builds its index with several parameters, on all cores. One half of the queries chooses
the build and the search parameters that reach the recall target with the lowest latency. The other
half measures recall against exact search in NumPy, the latency of a single query, and the time per
query in a batch of 256. Exact search takes turns with each method; the speedup over the fastest
rounds of exact search is the number to compare. All methods search the same vectors by inner
product; the vectors are generated (see `benchmarks.retrieval.data`) or read from a file. Prints
Markdown on stdout; progress goes to stderr.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.environment import environment
from benchmarks.retrieval.compare import compare_methods
from benchmarks.retrieval.data import KINDS, Vectors, from_file, generate
from benchmarks.retrieval.methods.registry import METHODS, distributions, load_methods
from benchmarks.retrieval.single_core import restart_with_one_thread
from benchmarks.retrieval.table import render
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError


def main() -> int:
    """Prints the tables and returns 0; 2 for an invalid option or a missing package."""
    options = _options()
    quieten()
    comparisons = []
    try:
        _check(options)
        methods = load_methods(options.only or METHODS)
        for vectors in _vectors(options):
            comparisons.append(compare_methods(vectors, methods, options.targets, options.k))
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
    parser.add_argument(
        "--items", type=int, default=100_000, help="number of items (default %(default)s)"
    )
    parser.add_argument("--dim", type=int, default=64, help="embedding size (default %(default)s)")
    parser.add_argument(
        "--queries",
        type=int,
        default=2048,
        help="number of queries, both halves together (default %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the vectors (default %(default)s)"
    )
    parser.add_argument(
        "--vectors",
        choices=KINDS,
        action="append",
        help="kind of generated vectors; repeatable (default: all kinds)",
    )
    parser.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE.npz",
        help="file with the arrays `items` and `queries`, in place of generated vectors",
    )
    parser.add_argument(
        "--targets", type=float, nargs="+", default=[0.95, 0.99], help="recalls to reach"
    )
    parser.add_argument(
        "--k", type=int, default=100, help="number of nearest items per query (default %(default)s)"
    )
    parser.add_argument(
        "--only",
        choices=list(METHODS),
        action="append",
        metavar="NAME",
        help=f"method to measure; repeatable (default: all of {', '.join(METHODS)})",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    return parser.parse_args()


def _check(options: argparse.Namespace) -> None:
    if options.json and not options.json.resolve().parent.is_dir():
        raise InputError(f"--json {options.json}: the folder does not exist; create it first")
    for target in options.targets:
        if not 0 < target <= 1:
            raise InputError(f"--targets {target:g}: expected a recall above 0 and at most 1")
    for name, minimum in (("items", 1000), ("dim", 2), ("queries", 2), ("k", 1)):
        value = getattr(options, name)
        if value < minimum:
            raise InputError(f"--{name} {value}: expected at least {minimum}")


def _vectors(options: argparse.Namespace) -> Iterator[Vectors]:
    if options.embeddings:
        yield from_file(options.embeddings)
        return
    for kind in options.vectors or KINDS:
        yield generate(kind, options.items, options.queries, options.dim, options.seed)


def _write(options: argparse.Namespace, comparisons: list[dict[str, Any]]) -> None:
    if options.json:
        result = {
            **environment(distributions(options.only or METHODS)),
            "seed": options.seed,
            # Other processes on the machine lengthen the times.
            "load_average": os.getloadavg(),
            "comparisons": comparisons,
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    restart_with_one_thread()
    sys.exit(main())
