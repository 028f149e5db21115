"""A number of each item, by which requests filter and to which they give weight."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.features import MISSING_INTEGER


class ItemNumbers(tf.Module):
    """The values of one numeric feature: float32, or int64 seconds since the epoch.

    The names of attributes are part of the exported graph.
    """

    def __init__(self, name: str, values: npt.NDArray[np.float32] | npt.NDArray[np.int64]):
        """Stores the values.

        Args:
          name: The name of the feature.
          values: [num_items] float32, NaN where missing, or int64, -1 where missing.
        """
        super().__init__(name=f"numbers_{name}")
        self.values = tf.Variable(values, trainable=False, name="values")
        is_integer = np.issubdtype(values.dtype, np.integer)
        is_present = values != MISSING_INTEGER if is_integer else np.isfinite(values)
        present = values[is_present].astype(np.float64)
        self.mean = float(present.mean()) if len(present) else 0.0
        deviation = float(present.std()) if len(present) else 0.0
        # Items with equal values differ in no way that a weight could express.
        self.scale = 1 / deviation if deviation > 0 else 0.0

    def eligible(self, least: tf.Tensor, most: tf.Tensor) -> tf.Tensor:
        """Returns a mask of the items whose value is within the bounds, both included.

        Args:
          least: Scalar of the dtype of the values; NaN or -1 for no bound.
          most: Likewise.

        Returns:
          [num_items] bool. An item without a value passes only if there is no bound.
        """
        values = self.values.read_value()
        has_least, has_most = is_given(least), is_given(most)
        within = (~has_least | (values >= least)) & (~has_most | (values <= most))
        return ~(has_least | has_most) | (is_given(values) & within)

    def standard_scores(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns (value - mean) / standard deviation of items.

        Args:
          rows: [n] int32.

        Returns:
          [n] float32; 0 where the value is missing or infinite.
        """
        values = tf.gather(self.values.read_value(), rows)
        scores = (tf.cast(values, tf.float64) - self.mean) * self.scale
        is_usable = is_given(values) & tf.math.is_finite(scores)
        return tf.where(is_usable, tf.cast(scores, tf.float32), 0.0)


def is_given(values: tf.Tensor) -> tf.Tensor:
    """Returns whether numbers are not missing: not NaN, or not -1 for integers."""
    return ~tf.math.is_nan(values) if values.dtype.is_floating else values != MISSING_INTEGER
