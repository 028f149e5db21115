"""The devices of a training: their replicas of the model, and what they agree on."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tensorflow as tf

from components.progress import progress
from components.trainer.devices.cluster import Cluster, cluster_from_environment, wait_for_workers
from components.trainer.fit.checkpoints import Checkpoints, LoopState
from schemas.errors import InputError
from schemas.model_settings import Strategy


@dataclass(frozen=True)
class TrainingDevices:
    """The replicas of a training.

    Attributes:
      strategy: Creates variables and runs steps on all replicas.
      cluster: The workers; None if this process trains alone.
    """

    strategy: tf.distribute.Strategy
    cluster: Cluster | None = None

    @property
    def num_replicas(self) -> int:
        """The number of replicas on all workers; each computes its share of a step."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes logs, checkpoints and models."""
        return self.cluster is None or self.cluster.is_chief

    @property
    def worker(self) -> int:
        """The number of this worker, from 0, the chief's."""
        return 0 if self.cluster is None else self.cluster.workers.index(self.cluster.own)

    @property
    def num_local_replicas(self) -> int:
        """The number of replicas on this worker."""
        return len(self.strategy.extended.worker_devices)

    def batches(
        self, make: Callable[[range], tf.data.Dataset]
    ) -> tf.data.Dataset | tf.distribute.DistributedDataset:
        """Returns batches of which each replica gets its part.

        Args:
          make: From the numbers of the replicas of a worker to a dataset with their parts of each
            batch, one after the other.
        """
        if self.num_replicas == 1:
            return make(range(1))

        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = context.num_replicas_in_sync // context.num_input_pipelines
            first = context.input_pipeline_id * local
            return make(range(first, first + local))

        return self.strategy.distribute_datasets_from_function(of_worker)

    def checkpoints(self, folder: str) -> Checkpoints:
        """Returns the checkpoints of a training, which the chief alone keeps.

        Args:
          folder: The folder of the checkpoints, which all workers read.
        """
        return Checkpoints(folder) if self.is_chief else _UnkeptCheckpoints(folder)

    def of_chief(self, value: float) -> float:
        """Returns the chief's value on all workers, which all have to call this method.

        Clocks differ between workers. A decision by time has to be the same on all of them, since
        a worker that ends alone leaves the others waiting.
        """
        if self.cluster is None:
            return value
        own = value / self.num_local_replicas if self.is_chief else 0.0
        return float(self._sum(tf.constant(own, tf.float32)))

    @cached_property
    def _sum(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """The sum of a scalar over all replicas of all workers.

        A traced function: outside of one, TensorFlow starts threads for each reduction.
        """

        def summed(value: tf.Tensor) -> tf.Tensor:
            def of_replica() -> tf.Tensor:
                context = tf.distribute.get_replica_context()
                # The copy is on the device of the replica, as a reduction requires.
                return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(value))

            return self.strategy.experimental_local_results(self.strategy.run(of_replica))[0]

        return tf.function(summed, autograph=False)


class _UnkeptCheckpoints(Checkpoints):
    """The checkpoints of the chief, as seen by another worker, which reads them only."""

    def save(self, state: LoopState, variables: Mapping[str, Any]) -> None:
        """Reads the variables as the chief does, since some are sums over all workers."""
        with tempfile.TemporaryDirectory() as folder:
            tf.train.Checkpoint(**variables).write(os.path.join(folder, "variables"))

    def remove(self) -> None:
        """Leaves the checkpoints to the chief."""


def single_device() -> TrainingDevices:
    """Returns the default device of TensorFlow."""
    return TrainingDevices(tf.distribute.get_strategy())


def open_devices(strategy: Strategy | None, worker_timeout_s: float) -> TrainingDevices:
    """Opens the devices of a training.

    With several workers, this has to be the first use of TensorFlow in a process, since its server
    is started before any other operation runs.

    Args:
      strategy: `train.strategy`; None for a single device.
      worker_timeout_s: How long to wait for the start of another worker, in seconds.

    Raises:
      InputError: The devices that the strategy needs do not exist, or TF_CONFIG is not valid.
      RuntimeError: Another worker did not start.
    """
    if strategy is None:
        return single_device()
    if strategy == "mirrored":
        return TrainingDevices(tf.distribute.MirroredStrategy(_local_devices()))
    cluster = cluster_from_environment()
    if len(cluster.workers) > 1:
        wait_for_workers(cluster, worker_timeout_s)
    # Without a time limit for each reduction: TensorFlow would start a sleeping thread for every
    # gradient of every step. Heartbeats recognise a worker that does not answer.
    devices = TrainingDevices(tf.distribute.MultiWorkerMirroredStrategy(), cluster)
    progress.info(
        "worker %d of %d, %d replicas in all",
        devices.worker,
        len(cluster.workers),
        devices.num_replicas,
    )
    return devices


def _local_devices() -> list[str]:
    """Returns the GPUs, or without any the logical CPU devices if there are several.

    Raises:
      InputError: There is one device only.
    """
    gpus = tf.config.list_logical_devices("GPU")
    devices = gpus or tf.config.list_logical_devices("CPU")
    if not gpus and len(devices) == 1:
        raise InputError(
            "train.strategy is mirrored, but TensorFlow finds no GPU on this machine; remove the "
            "key, or look for the reason with `twotower doctor` and nvidia-smi"
        )
    return [device.name for device in devices]
