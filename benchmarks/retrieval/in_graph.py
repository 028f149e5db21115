"""Latency of the twin's inverted file, of ScaNN's op and of exact search, in one graph.

    taskset -c 1 .venv/bin/python -m benchmarks.retrieval.in_graph [--items 100000] [--dim 64]

The three searches run as a model server runs them: inside a TensorFlow graph, on one thread, one
query after the other. Both approximate searches are tuned to the recall target on one half of the
queries, and their recall is measured on the other half. They take turns, and the minimum of several
rounds is printed, so that other load on the machine affects all of them alike; the ratios are the
numbers to compare. The vectors are those of `benchmarks.retrieval`. Prints Markdown on stdout.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from benchmarks.retrieval.data import KINDS, UNNORMALISED, generate
from benchmarks.retrieval.single_core import restart_with_one_thread
from components.indexer.search.choose_index import ChosenIndex, choose_index
from components.indexer.search.choose_twin import choose_twin
from components.indexer.search.exact import ExactSearch
from components.indexer.search.leaves import leaf_order
from components.indexer.search.recall_latency import TuningQueries, latency_ms
from schemas.serving_settings import IndexSettings

_ROUNDS = 5
_COLUMNS = (
    "recall@{k} of at least",
    "inverted file: kind, leaves, recall, ms",
    "ScaNN: kind, leaves, recall, ms",
    "exact, ms",
    "inverted file / ScaNN",
    "exact / inverted file",
    "memory / vectors",
)


@dataclass(frozen=True)
class Comparison:
    """The searches for one recall target, and their latencies in milliseconds per query."""

    target: float
    twin: ChosenIndex
    scann: ChosenIndex
    twin_ms: float
    scann_ms: float
    exact_ms: float
    vectors_bytes: int

    def cells(self) -> list[str]:
        """Returns the cells of a row of the table."""
        return [
            f"{self.target:g}",
            f"{_described(self.twin)}, {self.twin_ms:.3f}",
            f"{_described(self.scann)}, {self.scann_ms:.3f}",
            f"{self.exact_ms:.3f}",
            f"{self.twin_ms / self.scann_ms:.2f}",
            f"{self.exact_ms / self.twin_ms:.1f}",
            f"{self.twin.size_bytes / self.vectors_bytes:.3f}",
        ]


def compare(exact: ExactSearch, queries: TuningQueries, settings: IndexSettings) -> Comparison:
    """Tunes both searches to the recall target of `settings` and times them in turns.

    Args:
      exact: Exact search over items in leaf order.
      queries: The queries, both halves together.
      settings: The index settings.
    """
    twin, scann = choose_twin(exact, queries, settings), choose_index(exact, queries, settings)
    searches = (twin.search, scann.search, exact)
    rounds = [
        [latency_ms(search, queries, settings.k) for search in searches] for _ in range(_ROUNDS)
    ]
    twin_ms, scann_ms, exact_ms = np.min(rounds, axis=0).tolist()
    vectors_bytes = exact.embedding.numpy().nbytes
    return Comparison(
        settings.recall_target, twin, scann, twin_ms, scann_ms, exact_ms, vectors_bytes
    )


def _described(index: ChosenIndex) -> str:
    plan = index.plan
    leaves = f"{plan.leaves_to_search} of {plan.num_leaves}" if plan.num_leaves else "no leaves"
    return f"{plan.kind.value}, {leaves}, {index.recall:.4f}"


def main() -> int:
    """Prints the table and returns 0."""
    options = _options()
    vectors = generate(options.vectors, options.items, options.queries, options.dim, options.seed)
    items = vectors.items[leaf_order(vectors.items)]
    exact = ExactSearch(tf.Variable(items, trainable=False))
    queries = TuningQueries(vectors.queries, np.zeros((len(vectors.queries), 0), np.int32))
    print(f"{options.vectors}: {options.items:,} × {options.dim}, one thread\n")
    print(f"| {' | '.join(_COLUMNS).format(k=options.k)} |\n|{'---|' * len(_COLUMNS)}")
    for target in options.targets:
        settings = IndexSettings(
            k=options.k,
            max_k=options.k,
            recall_target=target,
            tuning_seconds=options.tuning_seconds,
        )
        print(f"| {' | '.join(compare(exact, queries, settings).cells())} |", flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.retrieval.in_graph",
        description=(__doc__ or "").splitlines()[0],
    )
    for name, default in (("items", 100_000), ("dim", 64), ("queries", 2048), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default, help="(default %(default)s)")
    parser.add_argument("--vectors", choices=KINDS, default=UNNORMALISED)
    parser.add_argument("--targets", type=float, nargs="+", default=[0.95, 0.99])
    parser.add_argument("--k", type=int, default=100, help="(default %(default)s)")
    parser.add_argument(
        "--tuning-seconds",
        type=float,
        help="time for ScaNN's tuning (default: that of the pipeline)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    restart_with_one_thread()
    sys.exit(main())
