"""A TFRS trainer as in its tutorials: `python -m benchmarks.training.tutorial LOG …`.

With a history, the query model is that of the sequential retrieval tutorial, an embedding and a GRU
over the last items; without, that of the basic retrieval tutorial, an embedding of the user
(https://www.tensorflow.org/recommenders/examples/sequential_retrieval, basic_retrieval). Every
target is one row. The loss is the softmax over the batch, the optimiser is Adagrad with rate 0.1.
"""

import sys

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from benchmarks.training.measurement import StepClock, measurement, recall_of
from benchmarks.training.options import program_parser
from benchmarks.training.sequences import SequenceLog, load

_LEARNING_RATE = 0.1


class TutorialModel(tfrs.Model):
    """A query model, an embedding of items, and the retrieval task without metrics."""

    def __init__(self, log: SequenceLog, dim: int, history: int):
        """Builds the query model of a tutorial; `history` 0 is the basic one."""
        super().__init__()
        layers = keras.layers
        if history:
            # The row `num_items` is padding.
            self.query_model = keras.Sequential(
                [layers.Embedding(log.num_items + 1, dim), layers.GRU(dim)]
            )
        else:
            self.query_model = layers.Embedding(len(log.lengths), dim)
        self.candidate_model = layers.Embedding(log.num_items, dim)
        self.task = tfrs.tasks.Retrieval()

    def compute_loss(
        self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False
    ) -> tf.Tensor:
        """Returns the loss of a batch of queries and items."""
        query, item = inputs
        return self.task(self.query_model(query), self.candidate_model(item), compute_metrics=False)


class _Clock(keras.callbacks.Callback):
    def __init__(self, clock: StepClock, batch: int):
        super().__init__()
        self._clock, self._batch = clock, batch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._clock.step(self._batch)
        self.model.stop_training = self._clock.is_over


def histories(log: SequenceLog, position: tf.Tensor, history: int) -> tf.Tensor:
    """Returns [batch, history] int64: the items before each position, padded at the front."""
    user = np.repeat(np.arange(len(log.lengths)), log.lengths)
    start = tf.gather(tf.constant(log.starts[user]), position)[:, tf.newaxis]
    before = position[:, tf.newaxis] - tf.range(history, 0, -1, dtype=tf.int64)
    items = tf.gather(tf.constant(log.items), tf.maximum(before, 0))
    return tf.where(before >= start, items, log.num_items)


def rows(log: SequenceLog, history: int, batch: int) -> tf.data.Dataset:
    """Returns shuffled batches of (query, item): every event that is not held out."""
    user = np.repeat(np.arange(len(log.lengths)), log.lengths)
    positions = np.setdiff1d(np.arange(len(log.items)), log.ends)

    def row(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        item = tf.gather(tf.constant(log.items), position)
        if history:
            return histories(log, position, history), item
        return tf.gather(tf.constant(user), position), item

    dataset = tf.data.Dataset.from_tensor_slices(positions)
    dataset = dataset.shuffle(len(positions), seed=17).batch(batch, drop_remainder=True)
    return dataset.map(row, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def main() -> int:
    """Trains, prints the measurement as JSON, and returns 0."""
    options = program_parser("tutorial").parse_args()
    log = load(options.log)
    clock = StepClock(options.seconds)
    keras.utils.set_random_seed(17)
    model = TutorialModel(log, options.dim, options.history)
    model.compile(optimizer=keras.optimizers.Adagrad(_LEARNING_RATE))
    model.fit(
        rows(log, options.history, options.batch),
        epochs=options.epochs,
        callbacks=[_Clock(clock, options.batch)],
        verbose=0,
    )
    if options.history:
        inputs = histories(log, tf.constant(log.ends), options.history)
        queries = model.query_model.predict(inputs, batch_size=options.batch, verbose=0)
    else:
        queries = model.query_model.embeddings.numpy()
    candidates = model.candidate_model.embeddings.numpy()
    measurement(clock, recall_of(log, queries, candidates)).print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
