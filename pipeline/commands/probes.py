"""Small programs that `twotower doctor` runs in processes of their own.

A binary built for another TensorFlow, or for another processor, can crash the process that loads
it; and TensorFlow reads its Keras setting once, so only a fresh process shows what a run would get.
"""

import subprocess
import sys
from collections.abc import Callable

import numpy as np

_TIMEOUT_S = 120


def print_keras() -> None:
    """Prints the package behind `tf.keras` and its version; run in a fresh process."""
    import schemas  # noqa: F401, I001 - makes the Keras setting before TensorFlow is imported
    import tensorflow as tf

    package = sys.modules[tf.keras.Model.__module__.partition(".")[0]]
    print(package.__name__, package.__version__)


def print_scann_answer() -> None:
    """Searches a tiny index through the TensorFlow op; run in a fresh process.

    Raises:
        RuntimeError: the op answers otherwise than exact search in NumPy.
    """
    import schemas  # noqa: F401, I001 - makes the Keras setting before TensorFlow is imported
    from scann.scann_ops.py import scann_ops

    vectors = np.random.default_rng(seed=0).normal(size=(32, 8)).astype(np.float32)
    searcher = scann_ops.builder(vectors, 3, "dot_product").score_brute_force().build()
    found = searcher.search_batched(vectors)[0].numpy()
    exact = np.argsort(-vectors @ vectors.T, axis=1)[:, :3]
    if not np.array_equal(found, exact):
        raise RuntimeError(f"the ScaNN op found {found.tolist()}, exact search {exact.tolist()}")
    print("answers as exact search does")


def run_probe(probe: Callable[[], None]) -> tuple[bool, str]:
    """Runs a function of this module in a fresh process, which a bad binary may crash.

    Returns:
        Whether it succeeded, and the last line that it printed (or the signal that ended it).
    """
    command = [sys.executable, "-c", f"from {__name__} import {probe.__name__} as p; p()"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer in {_TIMEOUT_S} s"
    if done.returncode < 0:
        return False, f"crashed (signal {-done.returncode})"
    output = done.stdout if done.returncode == 0 else done.stderr
    lines = output.strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else f"exit code {done.returncode}"
