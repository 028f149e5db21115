"""Approximate search with TensorFlow's own operations: an inverted file with short codes.

A query is compared with the mean of every leaf, then with short codes of the items of the best
leaves, and then exactly with the items of the best codes. The items are stored in leaf order, and
their vectors are those of the exact search, so that they are in memory once.

The code of an item is the projection of its difference from the mean of its leaf onto a quarter of
the dimensions: the ones that explain most of the inner products with the queries.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.indexer.search.leaves import Leaves, leaf_means
from schemas.serving import PADDING_SCORE

# TensorFlow copies a block of codes several times as fast as single codes.
_BLOCK = 8
_DIMS_PER_CODE_DIM = 4
_FLOAT_BYTES = 4
# The share of the codes that are chosen is estimated on a sample, so their number varies; at most
# this many times the wanted number are scored exactly.
_MAX_CHOSEN = 4
# Queries of a batch that are searched in parallel, if there are as many cores.
_PARALLEL = 4

Floats = npt.NDArray[np.float32]


class InvertedFile(tf.Module):
    """Leaves and codes of the items, beside the vectors, which belong to the exact search.

    The leaf i has the blocks first_block[i] to first_block[i + 1] - 1. The last block of a leaf is
    padded with NaN, whose comparisons are false.
    """

    def __init__(self, embedding: tf.Variable, leaves: Leaves, queries: Floats):
        """Computes the codes.

        Args:
          embedding: [num_items, dim] float32, in the order of `leaves`.
          leaves: The leaves.
          queries: [num_queries, dim] float32, a sample that determines the code dimensions.
        """
        super().__init__(name="inverted_file")
        self.embedding = embedding
        items, sizes = embedding.numpy(), np.diff(leaves.offsets)
        means = leaf_means(items, leaves.offsets)
        residuals = items - np.repeat(means, sizes, axis=0)
        projection, coder = _code_dimensions(residuals, queries)
        num_blocks = -(-sizes // _BLOCK)
        first_block = np.concatenate([[0], np.cumsum(num_blocks)])
        block_leaf = np.repeat(np.arange(len(sizes)), num_blocks)
        number_in_leaf = np.arange(first_block[-1]) - first_block[block_leaf]
        shift = np.repeat(first_block[:-1] * _BLOCK - leaves.offsets[:-1], sizes)
        codes = np.full((first_block[-1] * _BLOCK, coder.shape[1]), np.nan, np.float32)
        codes[np.arange(len(items)) + shift] = residuals @ coder
        self.means = _constant(means, "means")
        self.projection = _constant(projection, "projection")
        self.codes = _constant(codes.reshape(-1, _BLOCK, coder.shape[1]), "codes")
        self.first_block = _constant(first_block.astype(np.int32), "first_block")
        self.block_leaf = _constant(block_leaf.astype(np.int32), "block_leaf")
        block_row = leaves.offsets[block_leaf] + _BLOCK * number_in_leaf
        self.block_row = _constant(block_row.astype(np.int32), "block_row")

    @property
    def num_items(self) -> int:
        """The number of items."""
        return int(self.embedding.shape[0])

    @property
    def num_leaves(self) -> int:
        """The number of leaves."""
        return int(self.means.shape[0])

    def state_bytes(self) -> int:
        """Returns the size of leaves and codes without the vectors, in bytes."""
        parts = (self.means, self.projection, self.codes)
        tables = (self.first_block, self.block_leaf, self.block_row)
        return sum(part.numpy().nbytes for part in (*parts, *tables))


class InvertedFileSearch(tf.Module):
    """A search with an inverted file and its query parameters."""

    def __init__(
        self,
        index: InvertedFile,
        leaves_to_search: int | tf.Tensor,
        reorder_factor: float | tf.Tensor,
        fetch: int = 0,
    ):
        """Creates the search.

        Args:
          index: The leaves and codes.
          leaves_to_search: Number of leaves whose codes are compared.
          reorder_factor: Number of items that are scored exactly, per item fetched.
          fetch: Number of fetched items in tuning. A request for fewer items rescores as many
            items, and therefore reaches the same recall.
        """
        super().__init__(name="inverted_file_search")
        self.index = index
        self.leaves_to_search = leaves_to_search
        self.reorder_factor = reorder_factor
        self.fetch = fetch

    def __call__(self, queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds near items. Rows may be incomplete and contain padding.

        Args:
          queries: [B, dim] float32.
          num_neighbors: Scalar int32, at most the number of items.

        Returns:
          Rows [B, num_neighbors] int32 and inner products [B, num_neighbors] float32, best first.
          Short rows are padded with -1 and the lowest float.
        """
        return tf.cond(
            tf.shape(queries)[0] == 1,
            lambda: self._search_one(queries, num_neighbors),
            lambda: self._search_each(queries, num_neighbors),
        )

    def _search_each(
        self, queries: tf.Tensor, num_neighbors: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.shape(queries)[0]

        def search_one(query: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows, scores = self._search_one(query[tf.newaxis], num_neighbors)
            return rows[0], scores[0]

        rows, scores = tf.map_fn(
            search_one,
            # The width of an empty result would be unknown.
            tf.pad(queries, [[0, tf.maximum(1 - batch, 0)], [0, 0]]),
            fn_output_signature=(tf.int32, tf.float32),
            parallel_iterations=_PARALLEL,
        )
        return rows[:batch], scores[:batch]

    def _search_one(
        self, query: tf.Tensor, num_neighbors: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Searches the items of one query [1, dim]."""
        wanted = tf.cast(tf.maximum(num_neighbors, self.fetch), tf.float32) * self.reorder_factor
        wanted = tf.cast(tf.math.ceil(wanted), tf.int32)
        leaf_scores = tf.matmul(query, self.index.means, transpose_b=True)[0]
        blocks = self._blocks(leaf_scores)
        rows = self._promising_rows(query, leaf_scores, blocks, wanted)
        vectors = tf.gather(self.index.embedding.read_value(), rows)
        scores = tf.matmul(query, vectors, transpose_b=True)
        missing = tf.maximum(num_neighbors - tf.size(rows), 0)
        scores = tf.pad(scores, [[0, 0], [0, missing]], constant_values=PADDING_SCORE)
        best = tf.math.top_k(scores, num_neighbors)
        rows = tf.pad(rows, [[0, missing]], constant_values=-1)
        return tf.gather(rows, best.indices), best.values

    def _blocks(self, leaf_scores: tf.Tensor) -> tf.Tensor:
        """Returns the blocks of the leaves with the highest scores, [num_blocks] int32."""
        lowest = tf.raw_ops.NthElement(
            input=leaf_scores, n=self.leaves_to_search - 1, reverse=True
        )
        leaves = tf.where(leaf_scores >= lowest)[: self.leaves_to_search, 0]
        first_block = self.index.first_block.read_value()
        return tf.raw_ops.RaggedRange(
            starts=tf.gather(first_block, leaves),
            limits=tf.gather(first_block, leaves + 1),
            deltas=tf.constant(1),
        ).rt_dense_values

    def _promising_rows(
        self, query: tf.Tensor, leaf_scores: tf.Tensor, blocks: tf.Tensor, wanted: tf.Tensor
    ) -> tf.Tensor:
        """Returns about `wanted` rows with the best codes, [num_rows] int32."""
        codes = tf.gather(self.index.codes.read_value(), blocks)
        coded = tf.reshape(codes, [-1, codes.shape[2]])
        short_query = tf.matmul(query, self.index.projection)
        leaf = tf.gather(self.index.block_leaf.read_value(), blocks)
        scores = tf.reshape(tf.matmul(short_query, coded, transpose_b=True), [-1, _BLOCK])
        scores += tf.gather(leaf_scores, leaf)[:, tf.newaxis]
        # The first item of a block is never padding.
        sample = scores[:, 0]
        position = tf.minimum((wanted - 1) // _BLOCK, tf.size(sample) - 1)
        lowest = tf.raw_ops.NthElement(input=sample, n=position, reverse=True)
        chosen = tf.cast(tf.where(scores >= lowest)[: _MAX_CHOSEN * wanted], tf.int32)
        block_row = tf.gather(self.index.block_row.read_value(), blocks)
        return tf.gather(block_row, chosen[:, 0]) + chosen[:, 1]


def _code_dimensions(residuals: Floats, queries: Floats) -> tuple[Floats, Floats]:
    """Returns the projections of queries and of residuals, both [dim, code_dim] float32.

    The inner product of the projections is the best approximation of the inner product of query
    and residual, for their second moments: the principal components of the residuals, after the
    linear transformation that makes all directions of the queries equally important.
    """
    dim = residuals.shape[1]
    variances, axes = np.linalg.eigh(queries.T.astype(np.float64) @ queries)
    # A direction without queries must not be divided by 0.
    scale = np.sqrt(np.maximum(variances, max(variances[-1], 1e-12) * 1e-4))
    spread, narrow = (axes * scale) @ axes.T, (axes / scale) @ axes.T
    moment = residuals.T @ residuals
    _, components = np.linalg.eigh(spread @ moment @ spread)
    best = components[:, ::-1][:, : max(1, dim // _DIMS_PER_CODE_DIM)]
    return (narrow @ best).astype(np.float32), (spread @ best).astype(np.float32)


def _constant(values: npt.NDArray[np.generic], name: str) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
