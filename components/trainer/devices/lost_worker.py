"""Turns TensorFlow's errors about a lost worker into one that names it."""

import re
import time
from types import TracebackType

import tensorflow as tf

from components.trainer.devices.cluster import Cluster

# What the others get if a worker ends (unavailable), stops to answer (deadline exceeded), or has
# been started again (failed precondition, aborted).
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.AbortedError,
)
_TASK = re.compile(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)")


class LostWorkerError(RuntimeError):
    """Another worker of the training ended or did not answer."""


class LostWorkerCheck:
    """A context that raises LostWorkerError for an error by which another worker was lost."""

    def __init__(self, cluster: Cluster | None):
        """`cluster` has the workers; None if this process trains alone."""
        self._cluster = cluster
        self._last_answer = time.monotonic()

    def answered(self) -> None:
        """Records that all workers have completed a step."""
        self._last_answer = time.monotonic()

    def __enter__(self) -> "LostWorkerCheck":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._cluster is None or not isinstance(error, _LOST):
            return
        silent_s = time.monotonic() - self._last_answer
        raise LostWorkerError(
            f"the training lost {lost_workers(self._cluster, str(error))}: the last step of all "
            f"workers was completed {silent_s:.0f} s ago; look for the reason in the log of that "
            "worker, and start all workers again with the same arguments: the training goes on "
            "from its last checkpoint"
        ) from error


def lost_workers(cluster: Cluster, message: str) -> str:
    """Returns the workers that an error of TensorFlow names, or all others if it names none.

    Args:
      cluster: The workers.
      message: The message of the error.
    """
    named = {(job, int(index)) for job, index in _TASK.findall(message)}
    lost = [worker for worker in cluster.others if (worker.job, worker.index) in named]
    if lost:
        return ", ".join(map(str, lost))
    return "one of " + ", ".join(map(str, cluster.others))
