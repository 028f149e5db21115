"""Recall over the whole catalogue: TFRS's FactorizedTopK, computed by counting."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

CUTOFFS = (1, 5, 10, 50, 100)
# Early stopping monitors recall at the largest cutoff up to this one.
_MONITORED_CUTOFF = 10
_NAME = "factorized_top_k"
# The prefix of the names of the validation metrics in Keras's logs.
VALIDATION_PREFIX = f"val_{_NAME}/"
# Blocks of scores are large enough for a fast matrix product and small enough for memory.
_QUERIES_PER_BLOCK = 256
_SCORES_PER_BLOCK = 2**24
_PARALLEL_BLOCKS = 2


class CountingTopK(tfrs.metrics.Factorized):
    """Gives the same values as `tfrs.metrics.FactorizedTopK` with ids, without a top-k search.

    The true candidate is among the top k if fewer than k candidates precede it. Counting them takes
    one pass over the scores; finding the top k takes a partial sort. A candidate precedes another
    one that has a lower score, or the same score and a later row, as in `tf.math.top_k`. The
    candidates are a variable, which is refilled during training.
    """

    def __init__(self, num_items: int, dim: int, ks: Sequence[int] = CUTOFFS, name: str = _NAME):
        """Creates the candidates, all zeros.

        Args:
          num_items: The number of candidates. The id of a candidate is its row.
          dim: The size of an embedding.
          ks: The cutoffs.
          name: The prefix of the names of the metrics.
        """
        super().__init__(name=name)
        self._ks = tuple(ks)
        self._num_items, self._dim = num_items, dim
        self._block = max(1, min(_QUERIES_PER_BLOCK, _SCORES_PER_BLOCK // num_items))
        # Transposed, in the memory order of the matrix product.
        self._candidates = self.add_weight(
            name="candidates", shape=[dim, num_items], initializer="zeros", trainable=False
        )
        self._recalls = [
            keras.metrics.Mean(name=f"{name}/top_{k}_categorical_accuracy") for k in self._ks
        ]

    def refill(self, embeddings: tf.Tensor) -> None:
        """Replaces all candidate embeddings, [num_items, dim] in row order."""
        self._candidates.assign(tf.transpose(embeddings))

    def update_state(
        self,
        query_embeddings: tf.Tensor,
        true_candidate_embeddings: tf.Tensor,
        true_candidate_ids: tf.Tensor | None = None,
        sample_weight: tf.Tensor | None = None,
        excluded_rows: tf.Tensor | None = None,
    ) -> tf.Operation:
        """Adds queries to the metrics.

        Args:
          query_embeddings: [num_queries, dim] float32.
          true_candidate_embeddings: Ignored: the candidates of `refill` are ranked.
          true_candidate_ids: [num_queries] or [num_queries, 1] integers, rows of the candidates. A
            query whose id is no row is a miss at every cutoff.
          sample_weight: [num_queries] float32, 1 by default.
          excluded_rows: [num_queries, width] int32 candidates that are not ranked for a query, such
            as the items of its history. Values that are no row, and the row of the true candidate,
            exclude nothing.

        Returns:
          The update operation, for graph mode.

        Raises:
          ValueError: `true_candidate_ids` is None.
        """
        del true_candidate_embeddings
        if true_candidate_ids is None:
            raise ValueError(
                "CountingTopK finds the true candidate by its id: pass `true_candidate_ids` "
                "(`candidate_ids` of the retrieval task)"
            )
        rows = tf.cast(tf.reshape(true_candidate_ids, [-1]), tf.int32)
        if excluded_rows is None:
            excluded_rows = tf.zeros([tf.shape(rows)[0], 0], tf.int32)
        num_before = self._num_before(query_embeddings, rows, excluded_rows)
        updates = [
            recall.update_state(tf.cast(num_before < k, tf.float32), sample_weight)
            for k, recall in zip(self._ks, self._recalls, strict=True)
        ]
        return tf.group(updates)

    def _num_before(self, queries: tf.Tensor, rows: tf.Tensor, excluded: tf.Tensor) -> tf.Tensor:
        """Returns [num_queries] int32: how many candidates precede each query's true candidate."""
        num_queries = tf.shape(rows)[0]
        is_item = (rows >= 0) & (rows < self._num_items)
        # All blocks have one shape, so that they are compiled once.
        padding = -num_queries % self._block
        blocks = (
            tf.reshape(tf.pad(queries, [[0, padding], [0, 0]]), [-1, self._block, self._dim]),
            tf.reshape(tf.pad(tf.where(is_item, rows, 0), [[0, padding]]), [-1, self._block]),
            tf.reshape(
                tf.pad(excluded, [[0, padding], [0, 0]]),
                [(num_queries + padding) // self._block, self._block, tf.shape(excluded)[1]],
            ),
        )
        candidates = self._candidates.read_value()
        counts = tf.map_fn(
            lambda block: _count_before(*block, candidates),
            blocks,
            parallel_iterations=_PARALLEL_BLOCKS,
            fn_output_signature=tf.TensorSpec([self._block], tf.int32),
        )
        return tf.where(is_item, tf.reshape(counts, [-1])[:num_queries], tf.int32.max)


# XLA fuses comparison and count into one loop; TensorFlow would write each step to memory.
@tf.function(autograph=False, jit_compile=True)
def _count_before(
    queries: tf.Tensor, rows: tf.Tensor, excluded: tf.Tensor, candidates: tf.Tensor
) -> tf.Tensor:
    scores = tf.matmul(queries, candidates)
    # From the same matrix product as the other scores: a sum in another order may be rounded
    # differently.
    true_score = tf.gather(scores, rows, batch_dims=1)[:, tf.newaxis]
    num_items = tf.shape(scores)[1]
    is_row = (excluded >= 0) & (excluded < num_items)
    scores = _assigned(scores, tf.where(is_row, excluded, rows[:, tf.newaxis]), -np.inf)
    scores = _assigned(scores, rows[:, tf.newaxis], true_score)
    is_later = tf.range(num_items) > rows[:, tf.newaxis]
    # Comparisons with NaN are false, so that NaN precedes every other score and is a miss itself.
    behind = (scores < true_score) | ((scores == true_score) & is_later)
    return num_items - 1 - tf.reduce_sum(tf.cast(behind, tf.int32), axis=1)


def _assigned(scores: tf.Tensor, columns: tf.Tensor, value: tf.Tensor | float) -> tf.Tensor:
    """Returns scores [num_queries, num_items] with `value` at columns [num_queries, width]."""
    query = tf.broadcast_to(tf.range(tf.shape(columns)[0])[:, tf.newaxis], tf.shape(columns))
    indices = tf.stack([query, columns], axis=-1)
    return tf.tensor_scatter_nd_update(
        scores, indices, tf.broadcast_to(tf.cast(value, scores.dtype), tf.shape(columns))
    )


def cutoffs(num_items: int) -> tuple[int, ...]:
    """Returns the cutoffs that are at most the size of the catalogue."""
    return tuple(k for k in CUTOFFS if k <= num_items)


def metric_name(k: int) -> str:
    """Returns the name that FactorizedTopK gives recall at `k` (one relevant item per query)."""
    return f"{_NAME}/top_{k}_categorical_accuracy"


def monitored_cutoff(num_items: int) -> int:
    """Returns the cutoff of the recall that selects the best epoch.

    At most a quarter of the catalogue: recall at the size of the catalogue is always 1.
    """
    longest = min(_MONITORED_CUTOFF, num_items // 4)
    return max(k for k in cutoffs(num_items) if k <= max(1, longest))
