"""Approximate search with TensorFlow's own operations: an inverted file with small, equal leaves.

A query is compared with the mean of every leaf, and then exactly with the items of the best leaves.
The items are stored in leaf order, so a leaf is a slice of the vectors of exact search, and the
vectors are in memory once.

Leaves of few items make the second step short. The best item of a leaf exceeds the mean, by more in
a leaf whose items differ more. A multiple of the spread of the items, times the norm of the query,
is therefore added to the score of the mean: with leaves of 8 items it halves the number of leaves
to search.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.indexer.search.leaves import LARGE_LEAF, leaf_size
from schemas.serving import PADDING_SCORE

# The standard deviations by which the best item of a leaf is assumed to exceed the mean.
_SPREADS = 3.0
# The lowest score of the leaves to search is estimated on every so many leaves, because finding it
# exactly takes longer than scoring the leaves. The number of leaves therefore varies; at most
# _MAX_LEAVES times the wanted number are searched.
_SAMPLE_STRIDE = 7
_MAX_LEAVES = 2
# Queries of a batch that are searched in parallel, if there are as many cores.
_PARALLEL = 4

_FLOAT_BYTES = 4
Floats = npt.NDArray[np.float32]


class InvertedFile(tf.Module):
    """The means and spreads of the leaves. The vectors are those of exact search."""

    def __init__(self, embedding: tf.Variable):
        """Computes means and spreads.

        Args:
          embedding: [num_items, dim] float32, in the order of `leaf_order`, at least one leaf.
        """
        super().__init__(name="inverted_file")
        self.embedding = embedding
        self.num_items, self.dim = (int(size) for size in embedding.shape)
        self.leaf_size = leaf_size(self.num_items)
        self.num_leaves = self.num_items // self.leaf_size
        means, spreads = _means_and_spreads(embedding.numpy(), self.leaf_size)
        self.means = tf.Variable(means, trainable=False, name="means")
        self.spreads = tf.Variable(spreads, trainable=False, name="spreads")

    def state_bytes(self) -> int:
        """Returns the size of means and spreads without the vectors, in bytes."""
        return self.num_leaves * (self.dim + 1) * _FLOAT_BYTES

    def vectors_by_leaf(self) -> tf.Tensor:
        """Returns the vectors of the leaves, [num_leaves, leaf_size, dim], without a copy.

        Gathering from the variable itself would make TensorFlow copy it at every later read.
        """
        in_leaves = self.embedding.read_value()[: self.num_leaves * self.leaf_size]
        return tf.reshape(in_leaves, [self.num_leaves, self.leaf_size, self.dim])


class InvertedFileSearch(tf.Module):
    """A search with an inverted file and a number of leaves to search."""

    def __init__(self, index: InvertedFile, leaves_to_search: int | tf.Tensor):
        """Creates the search.

        Args:
          index: The leaves.
          leaves_to_search: Number of leaves that a query searches, about.
        """
        super().__init__(name="inverted_file_search")
        self.index = index
        self.leaves_to_search = leaves_to_search

    def __call__(self, queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds near items. Rows may be incomplete and contain padding.

        Args:
          queries: [B, dim] float32.
          num_neighbors: Scalar int32, at most the number of items.

        Returns:
          Rows [B, num_neighbors] int32 and inner products [B, num_neighbors] float32, best first.
          The scores of padding are the lowest float.
        """
        return tf.cond(
            tf.shape(queries)[0] == 1,
            # The slice has no effect, but a batch of a static size is traced with both branches.
            lambda: self._search_one(queries[:1], num_neighbors),
            lambda: self._search_each(queries, num_neighbors),
        )

    def _search_each(
        self, queries: tf.Tensor, num_neighbors: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.shape(queries)[0]

        def search(query: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows, scores = self._search_one(query[tf.newaxis], num_neighbors)
            return rows[0], scores[0]

        rows, scores = tf.map_fn(
            search,
            # The width of the results of an empty batch would be unknown.
            tf.pad(queries, [[0, tf.maximum(1 - batch, 0)], [0, 0]]),
            fn_output_signature=(tf.int32, tf.float32),
            parallel_iterations=_PARALLEL,
        )
        return rows[:batch], scores[:batch]

    def _search_one(
        self, query: tf.Tensor, num_neighbors: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Searches the items of one query [1, dim]."""
        index, size = self.index, self.index.leaf_size
        leaves = self._best_leaves(query)
        vectors = tf.gather(index.vectors_by_leaf(), leaves)
        scores = tf.matmul(query, tf.reshape(vectors, [-1, index.dim]), transpose_b=True)
        first_row = leaves * size
        in_leaves = index.num_leaves * size
        if in_leaves < index.num_items:
            # The few items after the last full leaf are scored for every query.
            others = index.embedding.read_value()[in_leaves:]
            scores = tf.concat([scores, tf.matmul(query, others, transpose_b=True)], axis=1)
            first_row = tf.concat([first_row, [in_leaves]], axis=0)
        missing = tf.maximum(num_neighbors - tf.shape(scores)[1], 0)
        scores = tf.pad(scores, [[0, 0], [0, missing]], constant_values=PADDING_SCORE)
        best = tf.math.top_k(scores, num_neighbors)
        first_row = tf.pad(first_row, [[0, missing]])
        rows = tf.gather(first_row, best.indices // size) + best.indices % size
        # Padding may come after the last item.
        return tf.minimum(rows, index.num_items - 1), best.values

    def _best_leaves(self, query: tf.Tensor) -> tf.Tensor:
        """Returns leaves with high scores: about `leaves_to_search`, at most twice as many.

        Returns:
          [num_leaves] int32, ascending.
        """
        norm = tf.sqrt(tf.matmul(query, query, transpose_b=True))[0]
        scores = tf.matmul(query, self.index.means, transpose_b=True)[0]
        scores += norm * self.index.spreads
        sample = scores[::_SAMPLE_STRIDE]
        rank = tf.minimum((self.leaves_to_search - 1) // _SAMPLE_STRIDE, tf.size(sample) - 1)
        lowest = tf.raw_ops.NthElement(input=sample, n=rank, reverse=True)
        # The smallest values of the sample need not be those of all leaves.
        lowest = tf.where(self.leaves_to_search < self.index.num_leaves, lowest, scores.dtype.min)
        best = tf.where(scores >= lowest)[: _MAX_LEAVES * self.leaves_to_search, 0]
        return tf.cast(best, tf.int32)


def transient_bytes(num_items: int, dim: int, leaves_to_search: int) -> int:
    """Returns the most memory that the search of one query uses for its results, in bytes.

    These are the scores of the leaves, the vectors of the leaves that are searched, and their
    scores. A batch uses at most `_PARALLEL` times as much.
    """
    size = leaf_size(num_items)
    num_leaves = num_items // size
    num_searched = min(_MAX_LEAVES * leaves_to_search, num_leaves) * size + LARGE_LEAF
    return _FLOAT_BYTES * (3 * num_leaves + num_searched * (dim + 2))


def batch_transient_bytes(num_items: int, dim: int, leaves_to_search: int) -> int:
    """Returns the most memory that the search of a batch uses, in bytes."""
    return _PARALLEL * transient_bytes(num_items, dim, leaves_to_search)


def _means_and_spreads(items: Floats, size: int) -> tuple[Floats, Floats]:
    """Returns the mean of each leaf, [num_leaves, dim], and what its best item adds, [num_leaves].

    The spread is per unit of the norm of a query: `_SPREADS` times the standard deviation of the
    items along one direction, averaged over directions.
    """
    num_leaves, dim = len(items) // size, items.shape[1]
    by_leaf = items[: num_leaves * size].reshape(num_leaves, size, dim)
    means = by_leaf.mean(axis=1)
    variances = np.square(by_leaf).mean(axis=(1, 2)) - np.square(means).mean(axis=1)
    spreads = _SPREADS * np.sqrt(np.maximum(variances, 0))
    return means.astype(np.float32), spreads.astype(np.float32)
