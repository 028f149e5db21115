"""TransformedWindows to dense batches of a few shapes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.trainer.data.columns import Columns
from components.trainer.data.windows import TransformedWindows

# Few shapes, since each costs a compilation; many, since windows are padded to the next.
_MAX_SHAPES = 6
_MIN_LENGTH = 4


def num_batches(windows: TransformedWindows, events_per_step: int) -> int:
    """Batches of an epoch."""
    return sum(
        -(-len(bucket.windows) // bucket.size) for bucket in _buckets(windows, events_per_step)
    )


def batches(windows: TransformedWindows, events_per_step: int, seed: int | None) -> tf.data.Dataset:
    """Dense batches of windows of like length, in a few shapes.

    Args:
      windows: What to batch.
      events_per_step: About how many events a batch holds, padding counted.
      seed: Shuffles anew each epoch, reproducibly; None keeps the order of a length.

    Returns:
      Dictionaries of user columns [batch] and event columns [batch, length], padded behind; a
      batch's last windows may be all padding.
    """
    buckets = _buckets(windows, events_per_step)
    generator = np.random.default_rng(seed)

    def order() -> Iterator[tuple[np.ndarray, int]]:
        chunks = [
            (chunk, bucket.length)
            for bucket in buckets
            for chunk in bucket.chunks(None if seed is None else generator, len(windows))
        ]
        if seed is not None:
            chunks = [chunks[place] for place in generator.permutation(len(chunks))]
        yield from chunks

    signature = (tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64))
    dataset = tf.data.Dataset.from_generator(order, output_signature=signature)
    steps = num_batches(windows, events_per_step)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.map(_dense(windows), num_parallel_calls=tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )


def one_batch(windows: TransformedWindows) -> Columns:
    """All windows in order, [num_windows] and [num_windows, longest]."""
    longest = tf.constant(windows.lengths.max(initial=1), tf.int64)
    return _dense(windows)(tf.range(len(windows), dtype=tf.int64), longest)


def _dense(windows: TransformedWindows) -> Callable[[tf.Tensor, tf.Tensor], Columns]:
    """From numbers of windows and a length to dense columns; the number after the last is empty."""
    # One more window without an event, and one more event, are what padding is gathered from.
    lengths = np.append(windows.lengths, 0)
    starts = tf.constant(np.cumsum(lengths) - lengths)
    user = {name: tf.constant(_with_one_more(x, 0)) for name, x in windows.user.items()}
    events = {
        name: tf.constant(_with_one_more(values, windows.padding[name]))
        for name, values in windows.events.items()
    }
    num_events = int(windows.lengths.sum())
    num_events_of = tf.constant(lengths)

    def dense(window: tf.Tensor, length: tf.Tensor) -> Columns:
        position = tf.range(length)
        event = tf.gather(starts, window)[:, tf.newaxis] + position
        is_event = position < tf.gather(num_events_of, window)[:, tf.newaxis]
        event = tf.where(is_event, event, num_events)
        columns = {name: tf.gather(values, window) for name, values in user.items()}
        return columns | {name: tf.gather(values, event) for name, values in events.items()}

    return dense


def _with_one_more(values: np.ndarray, value: int | float) -> np.ndarray:
    return np.append(values, np.asarray(value, values.dtype))


@dataclass(frozen=True)
class _Bucket:
    """TransformedWindows of like length: `size` of them make a batch, padded to `length` events."""

    windows: np.ndarray
    length: int
    size: int

    def chunks(self, generator: np.random.Generator | None, padding: int) -> list[np.ndarray]:
        """[size] int64 windows each, shuffled by `generator`; `padding` fills up the last."""
        windows = self.windows if generator is None else generator.permutation(self.windows)
        missing = -len(windows) % self.size
        full = np.append(windows, np.full(missing, padding, np.int64))
        return list(full.reshape(-1, self.size))


def _buckets(windows: TransformedWindows, events_per_step: int) -> list[_Bucket]:
    """Cuts the windows by length, so that lengths of a bucket differ by the same factor."""
    shortest, longest = np.quantile(windows.lengths, [0.1, 1.0], method="higher")
    spread = np.geomspace(max(_MIN_LENGTH, shortest), longest, _MAX_SHAPES)
    edges = np.unique(spread.round().astype(np.int64))
    bucket_of = np.searchsorted(edges, windows.lengths)
    buckets = []
    for number, length in enumerate(edges):
        members = np.flatnonzero(bucket_of == number)
        # An even number, so that a batch has two halves.
        most = len(members) + len(members) % 2
        size = min(max(2, events_per_step // int(length) // 2 * 2), most)
        if size:
            buckets.append(_Bucket(members, int(length), size))
    return buckets
