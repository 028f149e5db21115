"""The training loop: epochs of steps, each followed by validation, until no epoch is better."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import tf_keras as keras

from components.progress import progress
from components.trainer.data.batches import EpochBatches
from components.trainer.data.windows import TransformedWindows
from components.trainer.devices.lost_worker import LostWorkerCheck
from components.trainer.devices.training_devices import TrainingDevices, single_device
from components.trainer.fit.averaging import WeightAverage
from components.trainer.fit.callbacks import ProgressLog
from components.trainer.fit.clock import TrainingClock
from components.trainer.fit.divergence import DivergenceCheck
from components.trainer.fit.schedule import WarmUpThenCosine
from components.trainer.fit.tensorboard import TrainingMetrics
from components.trainer.model.metrics import CUTOFFS, metric_name, monitored_cutoff
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import TrainPlan

# Validation computes no gradients, so that its batches can be larger.
_VALIDATION_EVENTS = 16_384


@dataclass(frozen=True)
class FitResult:
    """The record of a training.

    Attributes:
      history: One record per epoch: `epoch` (from 1), `loss`, and if there are validation targets
        `val_loss` and `val_recall@K`.
      best_epoch: The epoch of the weights, from 1.
      targets_per_second: The speed of training without validation.
    """

    history: list[dict[str, float]]
    best_epoch: int
    targets_per_second: float


def fit_model(
    model: TwoTowerModel,
    train: TransformedWindows,
    validation: TransformedWindows | None,
    plan: TrainPlan,
    log_dir: str | None = None,
    devices: TrainingDevices | None = None,
) -> FitResult:
    """Trains a model from its present weights, and leaves it with the average of its best epoch.

    The model must have been compiled, and its variables created.

    Args:
      model: The model, whose weights are changed.
      train: The windows to learn.
      validation: The windows that choose the best epoch by their recall; without any target, or if
        None, the last epoch is the best.
      plan: The number of epochs, the peak learning rate, the size of a step, the time limit and
        the period of the average.
      log_dir: The folder of TensorBoard logs; None writes no logs.
      devices: The devices in whose scope the model was built; None is a single device.

    Raises:
      LostWorkerError: Another worker of the training ended or did not answer.
      TrainingDivergedError: A loss or a weight is not finite.
    """
    devices = devices or single_device()
    with LostWorkerCheck(devices.cluster) as lost_worker:
        return _Training(model, train, validation, plan, log_dir, devices, lost_worker).run()


class _Training:
    """The parts of one training, and its state between epochs."""

    def __init__(
        self,
        model: TwoTowerModel,
        train: TransformedWindows,
        validation: TransformedWindows | None,
        plan: TrainPlan,
        log_dir: str | None,
        devices: TrainingDevices,
        lost_worker: LostWorkerCheck,
    ):
        self._devices, self._lost_worker = devices, lost_worker
        self._model, self._plan = model, plan
        self._batches = EpochBatches(train, plan.events_per_step, plan.seed, devices.num_replicas)
        self._validation = None
        if validation is not None and validation.num_targets:
            self._validation = EpochBatches(
                validation, _VALIDATION_EVENTS, None, devices.num_replicas
            )
        steps = len(self._batches)
        cutoff = monitored_cutoff(model.towers.num_items)
        self._monitor = _readable(f"val_{metric_name(cutoff)}")
        self._schedule = WarmUpThenCosine(
            plan.learning_rate, steps, plan.max_epochs, plan.max_seconds
        )
        with devices.strategy.scope():
            self._average = WeightAverage(model.trainable_weights, plan.average_epochs * steps)
        self._divergence = DivergenceCheck(plan, steps)
        self._progress = ProgressLog(plan.max_epochs, train.num_targets, cutoff, plan.max_seconds)
        callbacks: list[keras.callbacks.Callback] = [self._progress]
        if log_dir is not None:
            callbacks.append(keras.callbacks.TensorBoard(log_dir, write_graph=False))
            callbacks.append(TrainingMetrics(log_dir, self._progress))
        self._callbacks = keras.callbacks.CallbackList(
            callbacks, model=model, epochs=plan.max_epochs, steps=steps, verbose=0
        )
        self._train_step = model.make_train_function()
        self._history: list[dict[str, float]] = []
        self._best_epoch, self._best_value = 0, -math.inf
        self._clock = TrainingClock()
        # The time before the latest step, by the clock of the chief.
        self._elapsed_s = 0.0

    def run(self) -> FitResult:
        """Trains until no epoch is better, the last epoch, or the time limit."""
        self._clock = TrainingClock()
        self._callbacks.on_train_begin()
        for epoch in range(self._plan.max_epochs):
            self._callbacks.on_epoch_begin(epoch)
            is_complete = self._train_epoch(epoch)
            logs = self._epoch_logs(epoch)
            self._callbacks.on_epoch_end(epoch, logs)
            self._keep_if_best(epoch, logs)
            if not is_complete or self._is_patience_over(epoch):
                break
        self._callbacks.on_train_end()
        self._average.restore_best()
        return FitResult(self._history, self._best_epoch, self._progress.targets_per_second)

    def _train_epoch(self, epoch: int) -> bool:
        """Trains on the batches of an epoch; returns False if the time limit ends the training."""
        self._model.reset_metrics()
        num_steps = len(self._batches)
        iterator = iter(self._devices.batches(partial(self._batches.epoch, epoch, 0)))
        for step in range(num_steps):
            done = epoch * num_steps + step
            self._elapsed_s = self._devices.of_chief(self._clock.elapsed_s)
            self._model.optimizer.learning_rate.assign(self._schedule.rate(done, self._elapsed_s))
            self._callbacks.on_train_batch_begin(step)
            loss = float(self._train_step(iterator)["loss"])
            self._lost_worker.answered()
            self._divergence.check_loss(loss, epoch + 1, step + 1)
            self._average.update(done + 1)
            self._callbacks.on_train_batch_end(step, {"loss": loss})
            if self._is_time_over():
                self._divergence.check_weights(self._model.towers.weights, epoch + 1, step + 1)
                return False
        self._divergence.check_weights(self._model.towers.weights, epoch + 1, num_steps)
        return True

    def _epoch_logs(self, epoch: int) -> dict[str, float]:
        """Returns the loss of an epoch, and the metrics of its validation by Keras's names."""
        logs = {"loss": float(self._model.mean_loss.result())}
        if self._validation is None:
            return logs
        with self._average.in_model():
            self._model.refresh_candidates()
            validated = self._model.evaluate(
                self._devices.batches(partial(self._validation.epoch, 0, 0)),
                steps=len(self._validation),
                callbacks=self._callbacks,
                verbose=0,
                return_dict=True,
            )
        self._divergence.check_validation_loss(validated["loss"], epoch + 1)
        return logs | {f"val_{name}": value for name, value in validated.items()}

    def _keep_if_best(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Records an epoch, and keeps its average if its validation result is the best so far."""
        record = {_readable(name): float(value) for name, value in logs.items()}
        self._history.append({"epoch": epoch + 1} | record)
        value = float(epoch) if self._validation is None else record[self._monitor]
        if not self._best_epoch or value > self._best_value:
            self._best_epoch, self._best_value = epoch + 1, value
            self._average.keep()

    def _is_patience_over(self, epoch: int) -> bool:
        if epoch + 1 - self._best_epoch < self._plan.patience:
            return False
        progress.info(
            "training ends: no epoch was better than epoch %d in the last %d (train.patience)",
            self._best_epoch,
            self._plan.patience,
        )
        return True

    def _is_time_over(self) -> bool:
        limit = self._plan.max_seconds
        if limit is None or self._elapsed_s <= limit:
            return False
        progress.info(
            "training ends: the time limit of %.0f s (train.max_seconds) is reached", limit
        )
        return True


def _readable(name: str) -> str:
    """Returns a short name for the name that Keras's logs give to a metric."""
    return {f"val_{metric_name(k)}": f"val_recall@{k}" for k in CUTOFFS}.get(name, name)
