"""The Keras callback that logs the progress of a training."""

import time

import tf_keras as keras

from components.progress import about, progress
from components.trainer.model.metrics import metric_name

_SECONDS_BETWEEN_LINES = 5.0


class ProgressLog(keras.callbacks.Callback):
    """Logs the progress of training.

    Attributes:
      training_seconds: The duration of the training steps of all finished epochs.
      epochs: The number of finished epochs; an epoch that was resumed counts in part.
      epoch_targets_per_second: The training speed of the current epoch, or of the one that has
        ended, without validation.
    """

    def __init__(
        self,
        max_epochs: int,
        targets_per_epoch: int,
        cutoff: int,
        max_seconds: float | None = None,
        elapsed_s: float = 0.0,
    ):
        """Prepares the log.

        Args:
          max_epochs: The largest number of epochs.
          targets_per_epoch: The number of targets of the windows.
          cutoff: The cutoff of the recall that is logged.
          max_seconds: The time limit of the training.
          elapsed_s: The duration of a training that this one continues.
        """
        super().__init__()
        self.max_epochs = max_epochs
        self.max_seconds = max_seconds
        self.targets_per_epoch = targets_per_epoch
        self.cutoff = cutoff
        self.training_seconds = 0.0
        self.epochs = 0.0
        self.epoch_targets_per_second = 0.0
        self._epoch = 0
        self._first_batch: int | None = None
        self._epoch_started = 0.0
        self._last_logged = 0.0
        # The finished share of an epoch that a time limit can end, and its duration.
        self._share = 0.0
        self._share_seconds = 0.0
        self._elapsed_before_s = elapsed_s
        self._train_started = 0.0
        self._validation_seconds = 0.0
        self._steps_ended = 0.0

    @property
    def targets_per_second(self) -> float:
        """The mean training speed, without validation."""
        done = (self.epochs + self._share) * self.targets_per_epoch
        seconds = self.training_seconds + self._share_seconds
        return done / seconds if seconds else 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Starts the clock of the training."""
        self._train_started = time.monotonic() - self._elapsed_before_s

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Starts the clock of an epoch."""
        self._epoch = epoch + 1
        self._first_batch = None
        self._epoch_started = self._last_logged = self._steps_ended = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Notes the first batch, which is not 0 if the epoch is resumed."""
        if self._first_batch is None:
            self._first_batch = batch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Logs the finished share of the epoch every few seconds; stops its clock at its end."""
        now = time.monotonic()
        steps = self.params["steps"]
        elapsed_s = now - self._epoch_started
        if steps:
            self._share = (batch + 1 - (self._first_batch or 0)) / steps
            self._share_seconds = elapsed_s
            if elapsed_s:
                self.epoch_targets_per_second = self._share * self.targets_per_epoch / elapsed_s
        if steps and batch + 1 == steps:
            self._end_of_steps(now)
            return
        if now - self._last_logged >= _SECONDS_BETWEEN_LINES:
            self._last_logged = now
            share = f"{(batch + 1) / steps:.0%}" if steps else f"step {batch + 1}"
            loss = (logs or {}).get("loss", float("nan"))
            left = self._time_left(self._share, now - self._epoch_started, now) if steps else ""
            progress.info(
                "epoch %d/%d %s loss %.3f%s", self._epoch, self.max_epochs, share, loss, left
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Logs loss, speed and recall of the epoch, and the time left."""
        logs = logs or {}
        now = time.monotonic()
        self._validation_seconds = now - self._steps_ended
        left = self._time_left(1.0, self._steps_ended - self._epoch_started, now)
        name = "val_" + metric_name(self.cutoff)
        # Without validation targets, as in a refit, there is no recall.
        recall = f", {name} {logs[name]:.4f}" if name in logs else ""
        progress.info(
            "epoch %d/%d loss %.3f, %.0f targets/s%s%s",
            self._epoch,
            self.max_epochs,
            logs.get("loss", float("nan")),
            self.targets_per_second,
            recall,
            left,
        )

    def _time_left(self, share: float, seconds: float, now: float) -> str:
        """Returns the time that the training takes at most, for the end of a line; "" at its end.

        Early stopping may end it before. The duration of the validation is known from the first
        epoch on.

        Args:
          share: The finished share of the steps of this epoch.
          seconds: The duration of these steps.
          now: The present time.
        """
        epoch_seconds = seconds / share + self._validation_seconds
        left = epoch_seconds * (self.max_epochs - self._epoch + 1 - share)
        if self.max_seconds is not None:
            left = min(left, self.max_seconds - (now - self._train_started))
        return f", at most {about(left)} left" if left > 0 else ""

    def _end_of_steps(self, now: float) -> None:
        self._steps_ended = now
        self.training_seconds += now - self._epoch_started
        self.epochs += self._share
        self._share = self._share_seconds = 0.0
