"""Exact search by inner product: the reference, and the fallback of approximate searches."""

import tensorflow as tf

# Maximum number of scores in memory at once: 64 MiB of float32.
_MAX_SCORES = 1 << 24


class ExactSearch(tf.Module):
    """Matrix product and top-k over all items, in chunks of queries."""

    def __init__(self, embedding: tf.Variable):
        """Creates the search.

        Args:
          embedding: [num_items, dim] float32.
        """
        super().__init__(name="exact_search")
        self.embedding = embedding
        self.num_items = int(embedding.shape[0])

    def __call__(self, queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the nearest items.

        Args:
          queries: [B, dim] float32.
          num_neighbors: Scalar int32, at most the number of items.

        Returns:
          Rows [B, num_neighbors] int32 and scores [B, num_neighbors] float32, best first.
        """
        chunk = max(1, _MAX_SCORES // self.num_items)
        batch = tf.shape(queries)[0]
        return tf.cond(
            batch <= chunk,
            lambda: self._top(queries, num_neighbors),
            lambda: self._in_chunks(queries, num_neighbors, chunk),
        )

    def vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the embeddings of int32 rows [n], [n, dim] float32.

        Gathering from the variable itself would make TensorFlow copy the whole variable at every
        later read (`copy_on_read_mode` of `ResourceGather`), so this gathers from its value.
        """
        return tf.gather(self.embedding.read_value(), rows)

    def _top(self, queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        scores = tf.matmul(queries, self.embedding, transpose_b=True)
        top = tf.math.top_k(scores, num_neighbors)
        return top.indices, top.values

    def _in_chunks(
        self, queries: tf.Tensor, num_neighbors: tf.Tensor, chunk: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.shape(queries)[0]
        padded = tf.pad(queries, [[0, -batch % chunk], [0, 0]])
        chunks = tf.reshape(padded, [-1, chunk, self.embedding.shape[1]])
        rows, scores = tf.map_fn(
            lambda part: self._top(part, num_neighbors),
            chunks,
            fn_output_signature=(tf.int32, tf.float32),
            parallel_iterations=1,
        )
        shape = [-1, num_neighbors]
        return tf.reshape(rows, shape)[:batch], tf.reshape(scores, shape)[:batch]
