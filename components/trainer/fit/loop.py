"""The training loop: epochs of steps, each followed by validation, until no epoch is better."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import tf_keras as keras

from components.progress import progress
from components.trainer.data.batches import EpochBatches
from components.trainer.data.windows import TransformedWindows
from components.trainer.devices.lost_worker import LostWorkerCheck
from components.trainer.devices.training_devices import TrainingDevices, single_device
from components.trainer.fit.averaging import WeightAverage
from components.trainer.fit.callbacks import ProgressLog
from components.trainer.fit.checkpoints import Checkpoints, LoopState
from components.trainer.fit.clock import TrainingClock
from components.trainer.fit.determinism import deterministic_ops
from components.trainer.fit.divergence import DivergenceCheck, TrainingDivergedError
from components.trainer.fit.schedule import WarmUpThenCosine
from components.trainer.fit.tensorboard import TrainingMetrics
from components.trainer.fit.time_limit import TimeLimit
from components.trainer.model.metrics import CUTOFFS, metric_name, monitored_cutoff
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import TrainPlan
from schemas.errors import InputError

# Validation computes no gradients, so that its batches can be larger.
VALIDATION_EVENTS = 16_384


@dataclass(frozen=True)
class FitResult:
    """The record of a training.

    Attributes:
      history: One record per epoch: `epoch` (from 1), `loss`, and if there are validation targets
        `val_loss` and `val_recall@K`.
      best_epoch: The epoch of the weights, from 1.
      seconds: The duration of training and validation, including that before a resume.
      targets_per_second: The speed of training without validation.
    """

    history: list[dict[str, float]]
    best_epoch: int
    seconds: float
    targets_per_second: float


def fit_model(
    model: TwoTowerModel,
    train: TransformedWindows,
    validation: TransformedWindows | None,
    plan: TrainPlan,
    log_dir: str | None = None,
    checkpoints: Checkpoints | None = None,
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
      checkpoints: Where the state of the training is saved and, if there is one, restored from.
        They are kept after the end, until what is made of the model is safe; None saves nothing.
      devices: The devices in whose scope the model was built; None is a single device.

    Raises:
      InputError: The time limit does not suffice for one epoch.
      LostWorkerError: Another worker of the training ended or did not answer.
      TrainingDivergedError: A loss or a weight is not finite.
    """
    devices = devices or single_device()
    with deterministic_ops(plan.deterministic), LostWorkerCheck(devices.cluster) as lost_worker:
        return _Training(
            model, train, validation, plan, log_dir, checkpoints, devices, lost_worker
        ).run()


class _Training:
    """The parts of one training, and its state between epochs."""

    def __init__(
        self,
        model: TwoTowerModel,
        train: TransformedWindows,
        validation: TransformedWindows | None,
        plan: TrainPlan,
        log_dir: str | None,
        checkpoints: Checkpoints | None,
        devices: TrainingDevices,
        lost_worker: LostWorkerCheck,
    ):
        self._devices, self._lost_worker = devices, lost_worker
        self._model, self._plan = model, plan
        self._batches = EpochBatches(train, plan.events_per_step, plan.seed, devices.num_replicas)
        self._validation = None
        if validation is not None and validation.num_targets:
            self._validation = EpochBatches(
                validation, VALIDATION_EVENTS, None, devices.num_replicas
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
        self._time_limit = TimeLimit(plan.max_seconds, steps)
        self._train_step = model.make_train_function()
        self._checkpoints = checkpoints
        self._variables = {
            "towers": list(model.towers.weights),
            "optimizer": list(model.optimizer.variables),
            "average": [*self._average.average, *self._average.best],
            "mean_loss": list(model.mean_loss.variables),
            "num_steps": model.num_steps,
        }
        restored = None if checkpoints is None else checkpoints.restore(self._variables)
        self._state = restored or LoopState()
        self._clock = TrainingClock(self._state.elapsed_s, devices.of_chief)
        self._progress = ProgressLog(
            plan.max_epochs, train.num_targets, cutoff, plan.max_seconds, self._state.elapsed_s
        )
        self._callbacks = keras.callbacks.CallbackList(
            [self._progress, *self._tensorboard(log_dir)],
            model=model,
            epochs=plan.max_epochs,
            steps=steps,
            verbose=0,
        )

    def _tensorboard(self, log_dir: str | None) -> list[keras.callbacks.Callback]:
        if log_dir is None:
            return []
        first_step = self._state.epoch * len(self._batches) + self._state.step
        return [
            keras.callbacks.TensorBoard(log_dir, write_graph=False),
            TrainingMetrics(log_dir, self._progress, first_step),
        ]

    def run(self) -> FitResult:
        """Trains until no epoch is better, the last epoch, or the time limit."""
        self._callbacks.on_train_begin()
        try:
            while not self._is_over():
                self._run_epoch()
        except (TrainingDivergedError, InputError):
            # A training that is started again with the same settings would fail again.
            if self._checkpoints is not None:
                self._checkpoints.remove()
            raise
        self._callbacks.on_train_end()
        self._average.restore_best()
        return FitResult(
            self._state.history,
            self._state.best_epoch,
            self._clock.elapsed_s,
            self._progress.targets_per_second,
        )

    def _run_epoch(self) -> None:
        """Trains on the steps of the epoch that are left, validates, and records the epoch."""
        epoch = self._state.epoch
        self._callbacks.on_epoch_begin(epoch)
        step = self._train_steps(epoch)
        self._divergence.check_weights(self._model.towers.weights, epoch + 1, step)
        logs = self._epoch_logs(epoch)
        self._callbacks.on_epoch_end(epoch, logs)
        self._record(epoch, logs)
        self._save_if_due(ends_epoch=True)

    def _train_steps(self, epoch: int) -> int:
        """Trains until the end of the epoch or the time limit; returns the last step, from 1."""
        first_step, num_steps = self._state.step, len(self._batches)
        if not first_step:
            self._model.reset_metrics()
        iterator = iter(self._devices.batches(partial(self._batches.epoch, epoch, first_step)))
        for step in range(first_step, num_steps):
            done = epoch * num_steps + step
            rate = self._schedule.rate(done, self._clock.elapsed_s)
            self._model.optimizer.learning_rate.assign(rate)
            self._callbacks.on_train_batch_begin(step)
            loss = float(self._train_step(iterator)["loss"])
            self._lost_worker.answered()
            self._divergence.check_loss(loss, epoch + 1, step + 1)
            self._average.update(done + 1)
            self._callbacks.on_train_batch_end(step, {"loss": loss})
            if epoch == 0:
                self._time_limit.check_first_epoch(step + 1, self._clock.elapsed_s)
            if self._time_limit.is_over(self._clock.elapsed_s):
                return step + 1
            self._state = replace(self._state, step=step + 1)
            self._save_if_due(ends_epoch=False)
        return num_steps

    def _save_if_due(self, ends_epoch: bool) -> None:
        """Writes a checkpoint of the present state, unless the last one is recent."""
        if self._checkpoints is None:
            return
        # All workers save, since the sum of a metric over the replicas is read by all of them.
        if not self._devices.of_chief(float(self._checkpoints.is_due(ends_epoch))):
            return
        # The loss of a step is computed before its update.
        state = self._state
        self._divergence.check_weights(self._model.towers.weights, state.epoch + 1, state.step)
        self._state = replace(state, elapsed_s=self._clock.elapsed_s)
        self._checkpoints.save(self._state, self._variables)

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

    def _record(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Records an epoch, and keeps its average if its validation result is the best so far."""
        record = {_readable(name): float(value) for name, value in logs.items()}
        value = float(epoch) if self._validation is None else record[self._monitor]
        state = replace(
            self._state,
            epoch=epoch + 1,
            step=0,
            history=[*self._state.history, {"epoch": epoch + 1} | record],
        )
        if not state.best_epoch or value > state.best_value:
            state = replace(state, best_epoch=epoch + 1, best_value=value)
            self._average.keep()
        self._state = state

    def _is_over(self) -> bool:
        """Returns whether the training ends before the next epoch, and logs why."""
        state, plan = self._state, self._plan
        if state.epoch and self._time_limit.is_over(self._clock.elapsed_s):
            progress.info(
                "training ends: the time limit of %.0f s (train.max_seconds) is reached",
                plan.max_seconds,
            )
            return True
        if state.epoch - state.best_epoch >= plan.patience:
            progress.info(
                "training ends: no epoch was better than epoch %d in the last %d (train.patience)",
                state.best_epoch,
                plan.patience,
            )
            return True
        return state.epoch == plan.max_epochs


def _readable(name: str) -> str:
    """Returns a short name for the name that Keras's logs give to a metric."""
    return {f"val_{metric_name(k)}": f"val_recall@{k}" for k in CUTOFFS}.get(name, name)
