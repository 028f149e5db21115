"""The table of users from which the served model fills in missing user features."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.string_lookup import StringLookupTable
from components.trainer.data.columns import Columns
from schemas import features as f

# With more users, the table would be larger than the rest of the model: requests have to contain
# the user features.
MAX_USERS = 1_000_000


class UserTable:
    """Raw user features by user id, as variables of the served graph."""

    def __init__(self, users: dict[str, npt.NDArray[Any]]):
        """`users` are `user_id` and each user feature, [num_users] bytes or float32."""
        user_id = users[f.USER_ID]
        keys = tf.Variable(tf.constant(user_id, tf.string), trainable=False)
        self._row_of_user = StringLookupTable(keys, len(user_id), default=len(user_id))
        # One more row, with missing values, for users that are not in the table.
        self._columns = {
            name: tf.Variable(np.append(values, _missing(values.dtype)), trainable=False)
            for name, values in users.items()
            if name != f.USER_ID
        }

    @property
    def resources(self) -> list[StringLookupTable | tf.Variable]:
        """The objects that a SavedModel must track."""
        return [self._row_of_user, *self._columns.values()]

    def fill_missing(self, user_id: tf.Tensor, features: Columns) -> Columns:
        """Replaces missing features by the values in the table.

        Args:
          user_id: [batch] string.
          features: User features of the request, [batch] string or float32.

        Returns:
          The same features. A value that is missing in request and table stays missing.
        """
        rows = self._row_of_user.lookup(user_id)
        return {
            name: tf.where(_is_missing(values), self._values(name, rows), values)
            for name, values in features.items()
        }

    def _values(self, name: str, rows: tf.Tensor) -> tf.Tensor:
        # A gather from the variable itself would make TensorFlow copy all of it at each later read.
        return tf.gather(self._columns[name].read_value(), rows)


def _missing(dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Returns one missing value of the given dtype, so that `np.append` keeps the dtype."""
    return np.array([f.MISSING_NUMBER if dtype == np.float32 else f.MISSING_TEXT.encode()], dtype)


def _is_missing(values: tf.Tensor) -> tf.Tensor:
    return (
        tf.math.is_nan(values) if values.dtype == tf.float32 else tf.equal(values, f.MISSING_TEXT)
    )
