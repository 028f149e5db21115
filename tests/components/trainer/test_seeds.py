"""Seeds of the random parts of a step."""

import numpy as np
import tensorflow as tf

from components.trainer.seeds import split, step_seed

SEED = tf.constant([3, 4])


def values(seed: tf.Tensor) -> tuple[int, ...]:
    return tuple(np.array(seed).tolist())


def test_split_seeds_differ_and_none_stays_none() -> None:
    assert len({values(seed) for seed in split(SEED, 5)}) == 5
    assert split(None, 2) == [None, None]


def test_steps_and_trainings_have_seeds_of_their_own() -> None:
    trainings = (0, 1, 2**31, 2**32 - 1)
    seeds = {values(step_seed(seed, tf.constant(n))) for seed in trainings for n in range(10)}

    assert len(seeds) == 40
    assert values(step_seed(17, tf.constant(5))) == values(step_seed(17, tf.constant(5)))
