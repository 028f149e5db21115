"""Category filters: the items that have any of the values in a request."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

UNKNOWN = -1


class CategoryFilter(tf.Module):
    """Inverted lists of the items with each value of one category feature.

    The items with value v are rows[offsets[v]:offsets[v + 1]].
    """

    def __init__(self, name: str, categories: npt.NDArray[np.object_]):
        """Builds the inverted lists.

        Args:
          name: The name of the feature.
          categories: [num_items, max_values] bytes, padded with b"".
        """
        super().__init__(name=f"filter_{name}")
        self.num_items = len(categories)
        # b"" sorts first. It gets no items but ensures that the table is never empty.
        flat = categories.astype(object).ravel()
        values, index = np.unique(np.append(flat, b""), return_inverse=True)
        index = index[:-1]
        rows = np.repeat(np.arange(self.num_items), categories.shape[1])
        is_value = index != 0
        index, rows = index[is_value], rows[is_value]
        order = np.argsort(index, kind="stable")
        counts = np.bincount(index, minlength=len(values))
        self.rows = tf.Variable(rows[order].astype(np.int32), trainable=False, name="rows")
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        self.offsets = tf.Variable(offsets, trainable=False, name="offsets")
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(values, tf.string), tf.range(len(values), dtype=tf.int64)
            ),
            default_value=UNKNOWN,
        )

    def eligible(self, wanted: tf.Tensor) -> tf.Tensor:
        """Returns a mask of the items that have any of the wanted values.

        Args:
          wanted: [F] string; "" is ignored. Without any other value, all items are eligible.

        Returns:
          [num_items] bool.
        """
        wanted = tf.boolean_mask(wanted, wanted != "")
        values = self.table.lookup(wanted)
        values = tf.boolean_mask(values, values != UNKNOWN)
        spans = tf.ragged.range(
            tf.gather(self.offsets, values), tf.gather(self.offsets, values + 1)
        )
        members = tf.gather(self.rows, spans.flat_values)
        base = tf.fill([self.num_items], tf.size(wanted) == 0)
        return tf.tensor_scatter_nd_update(
            base, members[:, tf.newaxis], tf.ones_like(members, tf.bool)
        )
