"""What TensorBoard shows of a training, besides what Keras's own callback writes.

Keras writes `epoch_loss` to the runs `train` and `validation`. It writes neither a learning rate
that another callback sets, nor the speed, nor validation metrics under their own names. These are
in a run of their own, as TensorFlow recommends: an event file that two writers share is read only
in part while the training goes on (https://www.tensorflow.org/tensorboard/scalars_and_keras).
"""

import os

import tensorflow as tf
import tf_keras as keras

from components.trainer.fit.callbacks import ProgressLog
from components.trainer.model.metrics import VALIDATION_PREFIX

METRICS_RUN = "metrics"
LEARNING_RATE = "learning_rate"
TARGETS_PER_SECOND = "targets_per_second"
_STEPS_BETWEEN_RATES = 10


class TrainingMetrics(keras.callbacks.Callback):
    """Writes the learning rate by step, and speed and validation recall by epoch.

    The names of the recall are those of Keras's logs, `val_factorized_top_k/...`.
    """

    def __init__(self, log_dir: str, progress_log: ProgressLog, first_step: int = 0):
        """Creates the run METRICS_RUN.

        Args:
          log_dir: The folder of all runs.
          progress_log: Measures the speed, and is called before.
          first_step: The number of steps before these, if the training is resumed.
        """
        super().__init__()
        self._writer = tf.summary.create_file_writer(os.path.join(log_dir, METRICS_RUN))
        self._progress_log = progress_log
        self._step = first_step

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the learning rate of the first step and of every tenth."""
        if self._step % _STEPS_BETWEEN_RATES == 0:
            with self._writer.as_default(step=self._step):
                tf.summary.scalar(LEARNING_RATE, self.model.optimizer.learning_rate)
        self._step += 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the speed and the validation metrics of the epoch, counted from 0 as by Keras."""
        with self._writer.as_default(step=epoch):
            tf.summary.scalar(TARGETS_PER_SECOND, self._progress_log.epoch_targets_per_second)
            for name, value in (logs or {}).items():
                if name.startswith(VALIDATION_PREFIX):
                    tf.summary.scalar(name, value)
        self._writer.flush()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Closes the file."""
        self._writer.close()
