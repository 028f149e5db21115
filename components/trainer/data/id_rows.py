"""The rows of ids in an embedding table of limited size: the rarest ids share rows by a hash.

A table of millions of ids, with its optimiser state and averages, takes most of the memory of a
training, and most of its rows belong to ids with few events, which train them little. The most
frequent ids therefore have rows of their own, and the others are hashed (Zhang et al., 2020, "Model
Size Reduction Using Frequency Based Double Hashing for Recommender Systems"). Items in one row
still differ by their features.

The hash depends on the id alone. Where two trainings have equally many shared rows, an id has the
same one in both, so that a warm start moves shared rows like all others: by name.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import tensorflow as tf

# The part of a table that belongs to the most frequent ids, if there are more ids than rows.
_SHARE_OF_OWN_ROWS = 0.75


@dataclass(frozen=True)
class IdRowCounts:
    """How many ids share rows.

    Attributes:
      ids: The number of ids.
      rows: The number of rows of the table, without that of unknown ids.
      hashed_ids: The number of ids whose row is chosen by a hash.
      collision_rate: The share of the hashed ids whose row is also the row of another id; 0 if no
        id is hashed.
    """

    ids: int
    rows: int
    hashed_ids: int
    collision_rate: float

    def to_dict(self) -> dict[str, float]:
        """Returns the numbers as JSON values."""
        return asdict(self)


class IdRows:
    """The row of each id of a vocabulary.

    Attributes:
      entries: The names of the rows, in order: ids, then shared rows. The row after them is that
        of unknown ids.
    """

    def __init__(self, ids: Sequence[bytes], max_rows: int):
        """Assigns rows.

        Args:
          ids: The ids, the most frequent first.
          max_rows: The largest number of rows, at least 1.
        """
        self.entries = tuple(ids)
        self._num_ids = len(self.entries)
        self._num_own = self._num_ids
        self._rows: tf.Tensor | None = None
        if self._num_ids > max_rows:
            self._num_own = int(max_rows * _SHARE_OF_OWN_ROWS)
            num_shared = max_rows - self._num_own
            # A fingerprint that is the same in every version of TensorFlow.
            hashed = tf.strings.to_hash_bucket_fast(list(ids[self._num_own :]), num_shared)
            own = np.arange(self._num_own)
            # One more for indices outside the vocabulary.
            rows = np.concatenate([own, self._num_own + hashed.numpy(), [max_rows]])
            self._rows = tf.constant(rows, tf.int32)
            shared = tuple(
                f"hash {bucket} of {num_shared}".encode() for bucket in range(num_shared)
            )
            self.entries = self.entries[: self._num_own] + shared

    @property
    def num_rows(self) -> int:
        """The number of rows without that of unknown ids."""
        return len(self.entries)

    def __call__(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns the rows of ids.

        Args:
          indices: Integers of any shape: indices of the vocabulary; its size or more for an
            unknown id.

        Returns:
          Integers of the same shape, in [0, num_rows].
        """
        known = tf.minimum(indices, self._num_ids)
        return known if self._rows is None else tf.gather(self._rows, known)

    def counts(self) -> IdRowCounts:
        """Returns how many ids share rows."""
        num_hashed, rate = self._num_ids - self._num_own, 0.0
        if self._rows is not None:
            hashed = self._rows[self._num_own : self._num_ids].numpy()
            rate = float(np.mean(np.bincount(hashed)[hashed] > 1))
        return IdRowCounts(self._num_ids, self.num_rows, num_hashed, rate)
