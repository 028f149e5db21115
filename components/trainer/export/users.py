"""The table of users that the served model fills incomplete requests from."""

import numpy as np
import tensorflow as tf

from components.row_table import RowTable
from components.trainer.data.columns import Columns
from schemas import features as f

# Above this the model would be mostly table: requests bring their own features then.
MAX_USERS = 1_000_000


class UserTable:
    """Raw user features by user id, as variables of the served graph."""

    def __init__(self, users: dict[str, np.ndarray]):
        """Takes `user_id` and each user feature, [num_users] bytes or float32."""
        user_id = users[f.USER_ID]
        keys = tf.Variable(tf.constant(user_id, tf.string), trainable=False)
        self._row_of_user = RowTable(keys, len(user_id), default=len(user_id))
        # One more row: a user that the table lacks has no features.
        self._columns = {
            name: tf.Variable(np.append(values, _missing(values.dtype)), trainable=False)
            for name, values in users.items()
            if name != f.USER_ID
        }

    @property
    def resources(self) -> list[RowTable | tf.Variable]:
        """What a SavedModel must track."""
        return [self._row_of_user, *self._columns.values()]

    def filled(self, user_id: tf.Tensor, features: Columns) -> Columns:
        """Replaces missing features by the table's.

        Args:
          user_id: [batch] string.
          features: User features of the request, [batch] string or float32.

        Returns:
          The same features; what neither request nor table knows stays missing.
        """
        rows = self._row_of_user.lookup(user_id)
        return {
            name: tf.where(_is_missing(values), self._known(name, rows), values)
            for name, values in features.items()
        }

    def _known(self, name: str, rows: tf.Tensor) -> tf.Tensor:
        # Gathering from a variable itself makes TensorFlow copy all of it at every later read.
        return tf.gather(self._columns[name].read_value(), rows)


def _missing(dtype: np.dtype) -> np.ndarray:
    """One missing value, of the given dtype lest `np.append` widens the column."""
    return np.array([f.MISSING_NUMBER if dtype == np.float32 else f.MISSING_TEXT.encode()], dtype)


def _is_missing(values: tf.Tensor) -> tf.Tensor:
    return (
        tf.math.is_nan(values) if values.dtype == tf.float32 else tf.equal(values, f.MISSING_TEXT)
    )
