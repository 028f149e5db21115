"""When each item appeared. An item is not a valid negative for a target before that time."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas.features import MISSING_INTEGER

_NEVER_SEEN_S = np.iinfo(np.int64).max
_ALWAYS_S = np.iinfo(np.int64).min


def first_seen_s(
    rows: npt.NDArray[np.int32],
    time_s: npt.NDArray[np.int64],
    available_at_s: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Returns the earlier of each item's first target event and its `available_at` time.

    Args:
      rows: [num_targets] int32 rows of the candidate table.
      time_s: [num_targets] int64 seconds since the epoch, UTC.
      available_at_s: [num_items] int64 seconds since the epoch, UTC; -1 where unknown.

    Returns:
      [num_items + 1] int64 seconds since the epoch, UTC; the largest int64 for an item without
      either, and for the unknown item, which is last.
    """
    first_s = np.full(len(available_at_s) + 1, _NEVER_SEEN_S)
    np.minimum.at(first_s, rows, time_s)
    known = available_at_s != MISSING_INTEGER
    first_s[:-1][known] = np.minimum(first_s[:-1], available_at_s)[known]
    return first_s


class AppearanceTimes:
    """The times at which items appear.

    An item without an `available_at` time counts as present from the start: its first event does
    not show that it was absent before.

    Attributes:
      any_late: Whether any item appears after the first target.
    """

    def __init__(
        self,
        rows: npt.NDArray[np.int32],
        time_s: npt.NDArray[np.int64],
        available_at_s: npt.NDArray[np.int64],
    ):
        """Takes the arguments of `first_seen_s`."""
        is_known = np.append(available_at_s != MISSING_INTEGER, False)
        appears_s = np.where(is_known, first_seen_s(rows, time_s, available_at_s), _ALWAYS_S)
        self.any_late = bool((appears_s > time_s.min()).any())
        self._appears_s = tf.constant(appears_s)

    def has_appeared(self, time_s: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns [..., num_rows] bool: whether each item has appeared by each instant.

        Args:
          time_s: [...] int64 seconds since the epoch, UTC.
          rows: [num_rows] int32 rows of the candidate table.
        """
        return tf.gather(self._appears_s, rows) <= time_s[..., tf.newaxis]
