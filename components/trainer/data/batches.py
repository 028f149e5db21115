"""Dense batches of transformed windows, in a few shapes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.trainer.data.columns import Columns
from components.trainer.data.windows import TransformedWindows

# Each shape costs a compilation, but with fewer shapes windows need more padding: a shape must save
# this share of all events, padding included.
_MAX_SHAPES = 6
_MIN_SAVING = 0.05
_MIN_LENGTH = 4
# Batches are gathered while the model computes; reading one is much faster than a step.
_BATCHES_AHEAD = 4


def num_batches(windows: TransformedWindows, events_per_step: int, num_replicas: int = 1) -> int:
    """Returns the number of batches of an epoch."""
    buckets = _buckets(windows, events_per_step, num_replicas)
    return sum(bucket.num_batches for bucket in buckets)


class EpochBatches:
    """Dense batches of windows of similar length, by epoch.

    The order of the batches of an epoch depends on the seed and the number of the epoch alone, so
    that an epoch can be continued from any step. Several replicas share each batch.
    """

    def __init__(
        self,
        windows: TransformedWindows,
        events_per_step: int,
        seed: int | None,
        num_replicas: int = 1,
    ):
        """Groups the windows by length.

        Args:
          windows: The windows of a split.
          events_per_step: The approximate number of events in a batch, padding included.
          seed: Shuffles the windows in each epoch, reproducibly; None keeps the order of the
            windows of each length.
          num_replicas: The number of parts of a batch, with equally many windows.
        """
        self._buckets = _buckets(windows, events_per_step, num_replicas)
        self._num_replicas = num_replicas
        self._num_windows = len(windows)
        self._dense = DenseWindows(windows)
        self._seed = seed

    def __len__(self) -> int:
        """Returns the number of batches of an epoch."""
        return sum(bucket.num_batches for bucket in self._buckets)

    def epoch(
        self, epoch: int = 0, first_step: int = 0, replicas: Sequence[int] | None = None
    ) -> tf.data.Dataset:
        """Returns the batches of an epoch.

        Args:
          epoch: The number of the epoch, from 0.
          first_step: The number of batches at the start of the epoch that are left out.
          replicas: The numbers of replicas, whose parts of each batch are returned one after the
            other; None returns whole batches.

        Returns:
          Dictionaries of user columns [batch] and event columns [batch, length]. Padding follows
          the events; the last windows of a batch may consist of padding.
        """
        parts = [slice(None)]
        if replicas is not None:
            # The padding at the end of a batch is spread over all parts.
            parts = [slice(replica, None, self._num_replicas) for replica in replicas]

        def dense_batches() -> Iterator[dict[str, npt.NDArray[Any]]]:
            for windows, length in self._chunks(epoch)[first_step:]:
                yield from (self._dense(windows[part], length) for part in parts)

        dataset = tf.data.Dataset.from_generator(
            dense_batches, output_signature=self._dense.signature
        )
        steps = max(0, len(self) - first_step)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps * len(parts)))
        return dataset.prefetch(_BATCHES_AHEAD)

    def _chunks(self, epoch: int) -> list[tuple[npt.NDArray[np.int64], int]]:
        """Returns the window indices and the length of each batch of an epoch, in order."""
        generator = None if self._seed is None else np.random.default_rng([self._seed, epoch])
        chunks = [
            (chunk, bucket.length)
            for bucket in self._buckets
            for chunk in bucket.chunks(generator, self._num_windows)
        ]
        if generator is None:
            return chunks
        return [chunks[index] for index in generator.permutation(len(chunks))]


def one_batch(windows: TransformedWindows) -> Columns:
    """Returns all windows in order as one batch, [num_windows] and [num_windows, longest]."""
    longest = int(windows.lengths.max(initial=1))
    batch = DenseWindows(windows)(np.arange(len(windows)), longest)
    return {name: tf.constant(values) for name, values in batch.items()}


class DenseWindows:
    """Gathers windows as dense columns, in memory or from memory-mapped files."""

    def __init__(self, windows: TransformedWindows):
        """`windows` may be of any size: only the windows of a batch are copied."""
        self._windows = windows
        # The index `len(windows)` gives a window of padding, which has no events.
        self._lengths = np.append(windows.lengths, 0)
        self._starts = np.cumsum(self._lengths) - self._lengths

    @property
    def signature(self) -> dict[str, tf.TensorSpec]:
        """The shapes and dtypes of a batch."""
        user, events = self._windows.user, self._windows.events
        return {name: tf.TensorSpec([None], values.dtype) for name, values in user.items()} | {
            name: tf.TensorSpec([None, None], values.dtype) for name, values in events.items()
        }

    def __call__(self, windows: npt.NDArray[np.int64], length: int) -> dict[str, npt.NDArray[Any]]:
        """Returns user columns [batch] and event columns [batch, length].

        Args:
          windows: [batch] indices of windows; `len(windows)` for a window of padding.
          length: At least the number of events of each window.
        """
        position = np.arange(length)
        is_event = position < self._lengths[windows][:, np.newaxis]
        event = (self._starts[windows][:, np.newaxis] + position)[is_event]
        is_window = windows < len(self._windows)
        columns = {}
        for name, values in self._windows.user.items():
            columns[name] = np.zeros(len(windows), values.dtype)
            columns[name][is_window] = values[windows[is_window]]
        for name, values in self._windows.events.items():
            padding = self._windows.padding[name]
            columns[name] = np.full(is_event.shape, padding, values.dtype)
            columns[name][is_event] = values[event]
        return columns


@dataclass(frozen=True)
class _Bucket:
    """Windows of similar length; a batch has `size` of them, padded to `length` events."""

    windows: npt.NDArray[np.int64]
    length: int
    size: int

    @property
    def num_batches(self) -> int:
        """The number of batches, of which the last may contain padding."""
        return -(-len(self.windows) // self.size)

    def chunks(
        self, generator: np.random.Generator | None, padding: int
    ) -> list[npt.NDArray[np.int64]]:
        """Splits the windows into batches.

        Args:
          generator: Shuffles the windows; None keeps their order.
          padding: The window index that fills up the last batch.

        Returns:
          Arrays of shape [size].
        """
        windows = self.windows if generator is None else generator.permutation(self.windows)
        missing = -len(windows) % self.size
        full = np.append(windows, np.full(missing, padding, np.int64))
        return list(full.reshape(-1, self.size))


def _buckets(windows: TransformedWindows, events_per_step: int, num_replicas: int) -> list[_Bucket]:
    """Groups the windows by length."""
    # Each replica can split its part of a batch into two halves.
    multiple = 2 * num_replicas
    bounds = _padded_lengths(windows.lengths)
    bucket_of = np.searchsorted(bounds, windows.lengths)
    buckets = []
    for number, length in enumerate(bounds):
        members = np.flatnonzero(bucket_of == number)
        largest = len(members) + -len(members) % multiple
        size = min(max(multiple, events_per_step // int(length) // multiple * multiple), largest)
        if size:
            buckets.append(_Bucket(members, int(length), size))
    return buckets


def _padded_lengths(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns the lengths to which windows are padded, in ascending order.

    The first proposal is a geometric sequence. Then the length that saves the least padding is
    removed, until each one that is left saves enough.

    Args:
      lengths: [num_windows] int64.

    Returns:
      [num_shapes] int64; the last one is at least the longest of `lengths`.
    """
    occurring, counts = np.unique(lengths, return_counts=True)
    shortest, longest = np.quantile(lengths, [0.1, 1.0], method="higher")
    spread = np.geomspace(max(_MIN_LENGTH, shortest), longest, _MAX_SHAPES)
    bounds = np.unique(spread.round().astype(np.int64))
    while len(bounds) > 1:
        fewer = [np.delete(bounds, number) for number in range(len(bounds) - 1)]
        num_events = [_num_padded(occurring, counts, without) for without in fewer]
        least = int(np.argmin(num_events))
        if num_events[least] > (1 + _MIN_SAVING) * _num_padded(occurring, counts, bounds):
            break
        bounds = fewer[least]
    return bounds


def _num_padded(
    lengths: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], bounds: npt.NDArray[np.int64]
) -> int:
    """Returns the number of events of all windows, padding included.

    Args:
      lengths: [num_lengths] int64, the distinct lengths of windows.
      counts: [num_lengths] int64, how many windows have each length.
      bounds: [num_shapes] int64, the lengths to which windows are padded.
    """
    return int(np.dot(bounds[np.searchsorted(bounds, lengths)], counts))
