"""Tests that the two timed searches differ only in the excluded items, and that each is timed."""

import numpy as np
import tensorflow as tf

from benchmarks.index_overhead import search_functions, time_in_turns

NUM_ITEMS, DIM, NUM_EXCLUDED, K = 2_000, 8, 50, 100


def test_both_fetch_the_same_items_and_retrieval_drops_the_excluded() -> None:
    generator = np.random.default_rng(1)
    items = generator.normal(size=(NUM_ITEMS, DIM)).astype(np.float32)
    queries = tf.constant(generator.normal(size=(6, DIM)).astype(np.float32))
    excluded = np.argsort(-np.linalg.norm(items, axis=1))[:NUM_EXCLUDED]

    scann_op, retrieval = search_functions(items, NUM_EXCLUDED)

    fetched, kept = scann_op(queries)[0].numpy(), retrieval(queries)[0].numpy()
    assert fetched.shape == (6, K + NUM_EXCLUDED)
    for fetched_row, kept_row in zip(fetched, kept, strict=True):
        expected = fetched_row[~np.isin(fetched_row, excluded)][:K]
        assert kept_row.tolist() == expected.tolist()


def test_each_function_is_timed() -> None:
    batch_sizes: list[int] = []

    def search(queries: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch_sizes.append(queries.shape[0])
        return tf.zeros([queries.shape[0], 1], tf.int32), tf.zeros([queries.shape[0], 1])

    times = time_in_turns((search, search), np.zeros((6, DIM), np.float32), batch=2)

    assert len(times) == 2
    assert min(times) > 0
    assert set(batch_sizes) == {2}
