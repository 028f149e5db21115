"""What happens around the steps of training."""

import os
import time

import tensorflow as tf
import tf_keras as keras

from components.progress import progress
from components.trainer.model.metrics import VALIDATION_PREFIX, metric_name
from components.trainer.model.two_tower import TwoTowerModel

_SECONDS_BETWEEN_LINES = 5.0


class RefreshCandidates(keras.callbacks.Callback):
    """Recomputes the candidates that validation ranks, before each validation."""

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Embeds the catalogue anew with the model that Keras validates."""
        model: TwoTowerModel = self.model
        model.refresh_candidates()


class Progress(keras.callbacks.Callback):
    """Tells a person where training stands."""

    def __init__(self, max_epochs: int, targets_per_epoch: int, cutoff: int):
        """`cutoff` is that of the recall that is told."""
        super().__init__()
        self.max_epochs = max_epochs
        self.targets_per_epoch = targets_per_epoch
        self.cutoff = cutoff
        self.training_seconds = 0.0
        self.epochs = 0
        self._epoch = 0
        self._started = 0.0
        self._told = 0.0

    @property
    def targets_per_second(self) -> float:
        """Over all epochs so far, validation not counted."""
        done = self.epochs * self.targets_per_epoch
        return done / self.training_seconds if self.training_seconds else 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Starts the clock of an epoch."""
        self._epoch = epoch + 1
        self._started = self._told = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Says how far the epoch is, every few seconds; stops the epoch's clock at its end."""
        now = time.monotonic()
        steps = self.params["steps"]
        if steps and batch + 1 == steps:
            self._end_of_steps(now)
        elif now - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = now
            share = f"{(batch + 1) / steps:.0%}" if steps else f"step {batch + 1}"
            loss = (logs or {}).get("loss", float("nan"))
            progress.info("epoch %d/%d %s loss %.3f", self._epoch, self.max_epochs, share, loss)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Says what the epoch came to."""
        logs = logs or {}
        name = "val_" + metric_name(self.cutoff)
        progress.info(
            "epoch %d/%d loss %.3f, %.0f targets/s, %s %.4f",
            self._epoch,
            self.max_epochs,
            logs.get("loss", float("nan")),
            self.targets_per_second,
            name,
            logs.get(name, float("nan")),
        )

    def _end_of_steps(self, now: float) -> None:
        self.training_seconds += now - self._started
        self.epochs += 1


class ValidationSummary(keras.callbacks.Callback):
    """Writes recall for TensorBoard under its own name, `val_factorized_top_k/...`.

    Keras's callback writes it as `epoch_factorized_top_k/...`, told from training by its folder.
    """

    def __init__(self, log_dir: str):
        """`log_dir` is that of Keras's callback, whose validation folder this adds to."""
        super().__init__()
        self._writer = tf.summary.create_file_writer(os.path.join(log_dir, "validation"))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes what the epoch's validation came to."""
        with self._writer.as_default(step=epoch):
            for name, value in (logs or {}).items():
                if name.startswith(VALIDATION_PREFIX):
                    tf.summary.scalar(name, value)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leaves nothing in memory."""
        self._writer.close()


class TimeLimit(keras.callbacks.Callback):
    """Ends training at a step's end once the time is used up."""

    def __init__(self, max_seconds: float):
        """Counts from the first step."""
        super().__init__()
        self.max_seconds = max_seconds
        self._started = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stops training when the clock is past the limit."""
        if time.monotonic() - self._started > self.max_seconds and not self.model.stop_training:
            progress.info("train.max_seconds (%.0f s) is used up: training ends", self.max_seconds)
            self.model.stop_training = True
