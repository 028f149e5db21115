"""Probes that `twotower doctor` runs in separate processes.

A binary built for another TensorFlow version or another processor can crash the process that loads
it. TensorFlow also reads its Keras setting only once, so a new process is needed to see the Keras
version that a run would use.
"""

import subprocess
import sys
from collections.abc import Callable

_TIMEOUT_S = 120


def print_keras() -> None:
    """Prints the package that implements `tf.keras` and its version."""
    import schemas  # noqa: F401, I001 - sets the Keras version before TensorFlow is imported
    import tensorflow as tf

    package = sys.modules[tf.keras.Model.__module__.partition(".")[0]]
    print(package.__name__, package.__version__)


def print_scann_check() -> None:
    """Searches a small index with the ScaNN op and compares the result with exact search.

    Raises:
      RuntimeError: The results differ.
    """
    import schemas  # noqa: F401, I001 - sets the Keras version before TensorFlow is imported
    import numpy as np
    from scann.scann_ops.py import scann_ops

    vectors = np.random.default_rng(seed=0).normal(size=(32, 8)).astype(np.float32)
    searcher = scann_ops.builder(vectors, 3, "dot_product").score_brute_force().build()
    retrieved = searcher.search_batched(vectors)[0].numpy()
    exact = np.argsort(-vectors @ vectors.T, axis=1)[:, :3]
    if not np.array_equal(retrieved, exact):
        raise RuntimeError(
            f"the ScaNN op returned {retrieved.tolist()}, but exact search {exact.tolist()}"
        )
    print("the same result as exact search")


def run_probe(probe: Callable[[], None]) -> tuple[bool, str]:
    """Runs a function of this module in a new process.

    Returns:
      Whether it succeeded, and the last line of its output, or the signal that ended the process.
    """
    command = [sys.executable, "-c", f"from {__name__} import {probe.__name__} as p; p()"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False, f"no result within {_TIMEOUT_S} s"
    if done.returncode < 0:
        return False, f"crashed (signal {-done.returncode})"
    output = done.stdout if done.returncode == 0 else done.stderr
    lines = output.strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else f"exit code {done.returncode}"
