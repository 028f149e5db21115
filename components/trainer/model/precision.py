"""The precision in which layers compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import tf_keras as keras

_MIXED = "mixed_bfloat16"


@contextmanager
def layers_compute_in_bfloat16(mixed: bool) -> Iterator[None]:
    """Gives the layers that are built in the block float32 weights and bfloat16 computations.

    bfloat16 has the range of float32, so that gradients need no scaling (Kalamkar et al., 2019, "A
    Study of BFLOAT16 for Deep Learning Training").

    Args:
      mixed: Whether to do so; otherwise layers compute in float32.
    """
    before = keras.mixed_precision.global_policy()
    if mixed:
        keras.mixed_precision.set_global_policy(_MIXED)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
