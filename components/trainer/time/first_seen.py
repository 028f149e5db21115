"""Which items were there at an instant: what was not was passed over by no one."""

import numpy as np
import tensorflow as tf

from schemas.features import MISSING_INTEGER

_NEVER_SEEN_S = np.iinfo(np.int64).max
_ALWAYS_S = np.iinfo(np.int64).min


def first_sight_s(rows: np.ndarray, time_s: np.ndarray, available_at_s: np.ndarray) -> np.ndarray:
    """When each item was first a target, or known to be there.

    Args:
      rows: [num_targets] int32 rows of the candidate table.
      time_s: [num_targets] int64 seconds UTC.
      available_at_s: [num_items] int64 seconds UTC, -1 where unknown.

    Returns:
      [num_items + 1] int64 seconds UTC, the largest number for what was never seen.
    """
    first_s = np.full(len(available_at_s) + 1, _NEVER_SEEN_S)
    np.minimum.at(first_s, rows, time_s)
    known = available_at_s != MISSING_INTEGER
    first_s[:-1][known] = np.minimum(first_s[:-1], available_at_s)[known]
    return first_s


class Availability:
    """Items by when they are known to appear; of the rest, the first event tells nothing."""

    def __init__(self, rows: np.ndarray, time_s: np.ndarray, available_at_s: np.ndarray):
        """Arguments are those of `first_sight_s`."""
        is_known = np.append(available_at_s != MISSING_INTEGER, False)
        appears_s = np.where(is_known, first_sight_s(rows, time_s, available_at_s), _ALWAYS_S)
        self.any_late = bool((appears_s > time_s.min()).any())
        self._appears_s = tf.constant(appears_s)

    def is_there(self, time_s: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """[num_rows] bool: whether items are there at an instant.

        Args:
          time_s: Scalar int64 seconds UTC.
          rows: [num_rows] int32 rows of the candidate table.
        """
        return tf.gather(self._appears_s, rows) <= time_s
