"""Seeds of the random parts of a training step, without a generator that keeps a state.

The seed of a step depends on `train.seed`, the number of the step and the replica alone. A training
that is resumed therefore draws the same random numbers as one that was not interrupted.
"""

from typing import TypeAlias

import tensorflow as tf

# [2] int32; None outside training.
Seed: TypeAlias = tf.Tensor | None


def step_seed(seed: int, step: tf.Tensor) -> tf.Tensor:
    """Returns the seed of a training step.

    Args:
      seed: The seed of the training.
      step: Scalar integer: the number of steps before this one.

    Returns:
      [2] int32, which differs between the replicas of a distribution strategy.
    """
    of_training = tf.constant([seed % 2**31, seed // 2**31 % 2**31], tf.int32)
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    return fold_in(fold_in(of_training, step), replica)


def fold_in(seed: Seed, number: int | tf.Tensor) -> Seed:
    """Derives another seed from a seed and a number; None stays None."""
    return None if seed is None else tf.random.experimental.stateless_fold_in(seed, number)


def split(seed: Seed, count: int) -> list[Seed]:
    """Derives `count` independent seeds from one; None gives a list of None."""
    return [fold_in(seed, number) for number in range(count)]
