"""The workers of a training on several machines, from the environment variable TF_CONFIG."""

import json
import os
import socket
import time
from dataclasses import dataclass
from typing import Any

from components.progress import progress
from schemas.errors import InputError

VARIABLE = "TF_CONFIG"
# Tasks that train. An evaluator and parameter servers have no part in a training of this project.
_JOBS = ("chief", "master", "worker")
_SECONDS_BETWEEN_CALLS = 0.2
_CALL_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Worker:
    """One worker.

    Attributes:
      job: The kind of its task: `chief`, `master` or `worker`.
      index: The number of its task among those of its kind.
      address: Its host and port, as `host:port`.
    """

    job: str
    index: int
    address: str

    def __str__(self) -> str:
        return f"{self.job} {self.index} ({self.address})"


@dataclass(frozen=True)
class Cluster:
    """The workers of a training.

    Attributes:
      workers: All workers, the chief first.
      own: The worker that is this process.
    """

    workers: tuple[Worker, ...]
    own: Worker

    @property
    def is_chief(self) -> bool:
        """Whether this process writes logs, checkpoints and models."""
        return self.own == self.workers[0]

    @property
    def others(self) -> tuple[Worker, ...]:
        """The other workers."""
        return tuple(worker for worker in self.workers if worker != self.own)


def cluster_from_environment() -> Cluster:
    """Returns the cluster that TF_CONFIG describes, as Vertex AI and Kubeflow's TFJob set it.

    Raises:
      InputError: TF_CONFIG is not set, is not valid, or does not contain this process.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        raise InputError(
            f"train.strategy is multi_worker, but the environment variable {VARIABLE} is not set: "
            "start the training as a Vertex AI custom job (deploy.trainer) or as a TFJob of "
            "Kubeflow, which set it, or choose train.strategy: mirrored"
        )
    return parse_cluster(text)


def parse_cluster(text: str) -> Cluster:
    """Parses the value of TF_CONFIG.

    >>> cluster = parse_cluster(
    ...     '{"cluster": {"chief": ["a:2222"], "worker": ["b:2222"]},'
    ...     ' "task": {"type": "worker", "index": 0}}'
    ... )
    >>> cluster.is_chief, str(cluster.own), str(cluster.workers[0])
    (False, 'worker 0 (b:2222)', 'chief 0 (a:2222)')

    Raises:
      InputError: The value is not valid, or does not contain this process.
    """
    try:
        values: Any = json.loads(text)
        addresses, task = values["cluster"], values["task"]
        workers = tuple(
            Worker(job, index, address)
            for job in _JOBS
            for index, address in enumerate(addresses.get(job, ()))
        )
        job, index = task["type"], int(task["index"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{VARIABLE} is {text!r}, which is no cluster ({error!r}); expected JSON like "
            '{"cluster": {"worker": ["host-0:2222", "host-1:2222"]}, '
            '"task": {"type": "worker", "index": 0}}'
        ) from error
    for worker in workers:
        if (worker.job, worker.index) == (job, index):
            return Cluster(workers, worker)
    known = ", ".join(map(str, workers)) or "no worker"
    raise InputError(
        f"{VARIABLE}: its task is {job} {index}, but its cluster contains {known}; the task must "
        f"be one of the cluster, of type {', '.join(_JOBS)}"
    )


def wait_for_workers(cluster: Cluster, timeout_s: float) -> None:
    """Returns as soon as every worker has started.

    TensorFlow itself waits an hour for a worker that does not start, without a message. Each
    worker listens on its own address until it has reached all others; after that, TensorFlow's
    server listens there.

    Args:
      cluster: The workers.
      timeout_s: How long to wait, in seconds.

    Raises:
      RuntimeError: A worker did not start.
    """
    started = time.monotonic()
    missing = list(cluster.others)
    with socket.create_server(("", int(cluster.own.address.rpartition(":")[2]))):
        while missing:
            missing = [worker for worker in missing if not _answers(worker)]
            elapsed_s = time.monotonic() - started
            if missing and elapsed_s > timeout_s:
                raise RuntimeError(
                    f"{', '.join(map(str, missing))} did not start within {elapsed_s:.0f} s "
                    "(train.worker_timeout_s); look for the reason in the log of that worker, and "
                    "start all workers again"
                )
            if missing:
                time.sleep(_SECONDS_BETWEEN_CALLS)
    progress.info("all %d workers have started", len(cluster.workers))


def _answers(worker: Worker) -> bool:
    host, _, port = worker.address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_CALL_TIMEOUT_S).close()
    except OSError:
        return False
    return True
