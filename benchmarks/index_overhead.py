"""What full rows and exclusions cost around ScaNN's op, inside a graph.

    python -m benchmarks.index_overhead [--items 100000] [--dim 64] [--exclude 50] [--seed 1]

The raw op and the retrieval of the signatures (fetch more, drop the excluded and the unavailable,
take k) answer the same queries in the same way, in turns, one batch after the other within one
graph: a call from Python costs more than a search. Prints a table, a row a batch size.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from benchmarks.retrieval.data import UNNORMALISED, generate
from components.indexer.search.exact import ExactSearch
from components.indexer.search.item_table import ItemTable
from components.indexer.search.plan import make_plan
from components.indexer.search.retrieval import Retrieval
from components.indexer.search.scann_search import BuiltScann, ScannSearch
from components.indexer.search.unavailable import Availability
from schemas.model_settings import IndexSettings

BATCHES = (1, 16, 256)
_NUM_QUERIES, _K, _ROUNDS = 512, 100, 9

Answer = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def main() -> int:
    """Prints the table and returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index_overhead")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--exclude", type=int, default=50, help="items of the history, for each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    vectors = generate(UNNORMALISED, options.items, _NUM_QUERIES, options.dim, options.seed)
    raw, retrieval = searches(vectors.items, options.exclude)
    print("| batch | raw op, ms a query | retrieval, ms a query | times |\n|---|---|---|---|")
    for batch in BATCHES:
        raw_ms, retrieval_ms = in_turns((raw, retrieval), vectors.queries, batch)
        print(f"| {batch} | {raw_ms:.4f} | {retrieval_ms:.4f} | {retrieval_ms / raw_ms:.2f} |")
    return 0


def searches(items: np.ndarray, num_excluded: int) -> tuple[Answer, Answer]:
    """The raw op, and the retrieval around it; both fetch as many.

    Args:
      items: [num_items, dim] float32.
      num_excluded: How many rows may not come back to each query: those that match others best.
    """
    num_items = len(items)
    exact = ExactSearch(tf.Variable(items, trainable=False))
    plan = make_plan(num_items, IndexSettings())
    built = BuiltScann(exact.embedding, plan)
    fetch = min(_K + num_excluded, num_items)
    search = ScannSearch(built.keep(), plan, fetch)
    built.release()
    table = ItemTable(np.array([b"%d" % row for row in range(num_items)], object))
    retrieval = Retrieval(search, exact, {}, Availability(table))
    history = tf.constant(np.argsort(-np.linalg.norm(items, axis=1))[:num_excluded], tf.int32)

    def raw(queries: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return search(queries, tf.constant(fetch))

    def whole(queries: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.shape(queries)[0]
        excluded = tf.tile(history[tf.newaxis], [batch, 1])
        k = tf.fill([batch], _K)
        return retrieval(queries, excluded, k, tf.constant(_K), tf.constant(fetch), {})

    return raw, whole


def in_turns(answers: tuple[Answer, ...], queries: np.ndarray, batch: int) -> list[float]:
    """Milliseconds a query of each, the least of rounds in which they take turns."""
    num_batches = len(queries) // batch
    batches = tf.constant(queries[: num_batches * batch].reshape(num_batches, batch, -1))
    programs = [_one_by_one(answer, batches) for answer in answers]
    for program in programs:
        program()
    spent = np.empty((_ROUNDS, len(programs)))
    for times in spent:
        for column, program in enumerate(programs):
            begin = time.perf_counter()
            program()
            times[column] = time.perf_counter() - begin
    return (spent.min(axis=0) / (num_batches * batch) * 1000).tolist()


def _one_by_one(answer: Answer, batches: tf.Tensor) -> Callable[[], tf.Tensor]:
    num_batches = batches.shape[0]

    @tf.function(autograph=False)
    def program() -> tf.Tensor:
        def one(index: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows, scores = answer(batches[index])
            seen = tf.reduce_sum(scores) + tf.cast(rows[0, 0], tf.float32)
            return index + 1, total + tf.reshape(seen, [])

        return tf.while_loop(
            lambda index, _: index < num_batches, one, (0, 0.0), parallel_iterations=1
        )[1]

    return program


if __name__ == "__main__":
    sys.exit(main())
