"""TensorFlow's deterministic mode for the duration of a training."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

# The public API can enable the mode, which holds for the whole process, but not disable it.
from tensorflow.python.framework.config import disable_op_determinism, is_op_determinism_enabled


@contextmanager
def deterministic_ops(enabled: bool) -> Iterator[None]:
    """Makes TensorFlow's operations deterministic in a block, if `enabled`.

    With equal inputs and seeds, they then give equal results on one machine, bit for bit. Sums
    whose order depends on threads use slower implementations, and tf.data prepares the batches of a
    Python generator in sequence with the steps
    (https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_op_determinism).
    """
    if not enabled or is_op_determinism_enabled():
        yield
        return
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        disable_op_determinism()
