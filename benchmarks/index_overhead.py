"""Time that exclusions and full rows add to ScaNN's op inside a graph.

    python -m benchmarks.index_overhead [--items 100000] [--dim 64] [--exclude 50] [--seed 1]

The op alone and the retrieval of the exported signatures (fetch more items, drop excluded and
unavailable ones, take the top k) answer the same queries with the same index. They run in turns.
Each run is one graph that loops over the batches, because a call from Python takes longer than a
search. Prints a table with one line per batch size.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks.retrieval.data import UNNORMALISED, generate
from components.indexer.search.conditions import Conditions, ConditionSearch
from components.indexer.search.exact import ExactSearch
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval
from components.indexer.search.scann_search import BuiltScann, ScannSearch
from components.indexer.search.search_plan import initial_plan
from components.indexer.search.unavailable_items import UnavailableItems
from schemas.serving_settings import IndexSettings

BATCHES = (1, 16, 256)
_NUM_QUERIES, _K, _ROUNDS = 512, 100, 9

SearchFunction = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def main() -> int:
    """Prints the table and returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.index_overhead", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--items", type=int, default=100_000, help="number of items (default %(default)s)"
    )
    parser.add_argument("--dim", type=int, default=64, help="embedding size (default %(default)s)")
    parser.add_argument(
        "--exclude",
        type=int,
        default=50,
        help="items excluded for each query (default %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the vectors (default %(default)s)"
    )
    options = parser.parse_args()
    vectors = generate(UNNORMALISED, options.items, _NUM_QUERIES, options.dim, options.seed)
    functions = search_functions(vectors.items, options.exclude)
    print("| batch | ScaNN op, ms/query | retrieval, ms/query | ratio |\n|---|---|---|---|")
    for batch in BATCHES:
        op_ms, retrieval_ms = time_in_turns(functions, vectors.queries, batch)
        print(f"| {batch} | {op_ms:.4f} | {retrieval_ms:.4f} | {retrieval_ms / op_ms:.2f} |")
    return 0


def search_functions(
    items: npt.NDArray[np.float32], num_excluded: int
) -> tuple[SearchFunction, SearchFunction]:
    """Returns ScaNN's op and the retrieval that uses it; both fetch the same number of items.

    Args:
      items: [num_items, dim] float32.
      num_excluded: Number of items that are excluded for every query: those with the largest
        norms, which rank high for many queries.
    """
    num_items = len(items)
    exact = ExactSearch(tf.Variable(items, trainable=False))
    plan = initial_plan(num_items, IndexSettings())
    built = BuiltScann(exact.embedding, plan)
    fetch = min(_K + num_excluded, num_items)
    search = ScannSearch(built.export(), plan, fetch)
    built.release()
    table = ItemTable(np.array([b"%d" % row for row in range(num_items)], object))
    retrieval = Retrieval(search, exact, ConditionSearch(exact.num_items), UnavailableItems(table))
    history = tf.constant(np.argsort(-np.linalg.norm(items, axis=1))[:num_excluded], tf.int32)

    def scann_op(queries: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return search(queries, tf.constant(fetch))

    def full_retrieval(queries: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.shape(queries)[0]
        excluded = tf.tile(history[tf.newaxis], [batch, 1])
        k = tf.fill([batch], _K)
        return retrieval(queries, excluded, k, tf.constant(_K), tf.constant(fetch), Conditions())

    return scann_op, full_retrieval


def time_in_turns(
    functions: tuple[SearchFunction, ...], queries: npt.NDArray[np.float32], batch: int
) -> list[float]:
    """Returns the milliseconds per query of each function, the minimum over several rounds.

    Args:
      functions: Search functions; each runs once in every round.
      queries: [num_queries, dim] float32; an incomplete last batch is left out.
      batch: TuningQueries per batch.
    """
    num_batches = len(queries) // batch
    batches = tf.constant(queries[: num_batches * batch].reshape(num_batches, batch, -1))
    programs = [_loop_over_batches(function, batches) for function in functions]
    for program in programs:
        program()
    seconds = np.empty((_ROUNDS, len(programs)))
    for of_round in seconds:
        for column, program in enumerate(programs):
            begin = time.perf_counter()
            program()
            of_round[column] = time.perf_counter() - begin
    milliseconds: list[float] = (seconds.min(axis=0) / (num_batches * batch) * 1000).tolist()
    return milliseconds


def _loop_over_batches(function: SearchFunction, batches: tf.Tensor) -> Callable[[], tf.Tensor]:
    num_batches = batches.shape[0]

    @tf.function(autograph=False)
    def program() -> tf.Tensor:
        def search_batch(index: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows, scores = function(batches[index])
            # The loop returns a sum of the results, so that TensorFlow cannot prune the search.
            result = tf.reduce_sum(scores) + tf.cast(rows[0, 0], tf.float32)
            return index + 1, total + tf.reshape(result, [])

        return tf.while_loop(
            lambda index, _: index < num_batches, search_batch, (0, 0.0), parallel_iterations=1
        )[1]

    return program


if __name__ == "__main__":
    sys.exit(main())
