"""The durations of the parts of a training step, each run on its own."""

import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from components.trainer.data.batches import EpochBatches
from components.trainer.data.read import TrainData
from components.trainer.data.windows import ROW, WEIGHT
from components.trainer.fit.loop import VALIDATION_EVENTS
from components.trainer.losses.base import ScoredItems, TargetQueries
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import TrainPlan

_REPETITIONS = 15
# A seed of the random parts of a step.
_RANDOM = (17, 0)


def breakdown(model: TwoTowerModel, data: TrainData, plan: TrainPlan) -> dict[str, float]:
    """Returns the median seconds of the parts of a step, on a batch of the longest windows.

    A part is a graph of its own. TensorFlow runs independent operations of one graph in parallel,
    so that the parts take longer than the step.
    """
    dataset = EpochBatches(data.train, plan.events_per_step, plan.seed).epoch(0)
    longest = max(dataset.take(30), key=lambda batch: batch[ROW].shape[1])
    validation = next(iter(EpochBatches(data.validation, VALIDATION_EVENTS, None).epoch(0)))
    inputs = iter(dataset.repeat())
    weights = model.trainable_variables

    def backward() -> list[Any]:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(longest, training=True)
        return list(tape.gradient(loss, weights))

    gradients = backward()
    programs: dict[str, Callable[[], Any]] = {
        "input": lambda: next(inputs),
        "gather of item vectors": _graph(lambda: _item_vectors(model, longest)),
        "logits, with their gradient": _graph(lambda: _logits(model, longest)),
        "forward": _graph(lambda: model.compute_loss(longest, training=True)),
        "forward and backward": _graph(backward),
        "optimiser": _graph(
            lambda: model.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        ),
        "whole step": _graph(lambda: model.train_step(longest)),
        "validation batch, with its metric": _graph(lambda: model.test_step(validation)),
    }
    return {name: _median_seconds(program) for name, program in programs.items()}


def _graph(program: Callable[[], Any]) -> Callable[[], Any]:
    return tf.function(program, autograph=False)


def _item_vectors(model: TwoTowerModel, batch: dict[str, tf.Tensor]) -> tf.Tensor:
    items = model.retrieval_loss.step_items(batch[ROW], _RANDOM)
    return tf.gather(model.towers.item_vectors(items.rows, _RANDOM), items.event_indices)


def _logits(model: TwoTowerModel, batch: dict[str, tf.Tensor]) -> list[tf.Tensor]:
    items = model.retrieval_loss.step_items(batch[ROW], _RANDOM)
    rows = items.rows if items.num_candidates is None else items.rows[: items.num_candidates]
    target = tf.boolean_mask(items.event_indices, batch[WEIGHT] > 0)
    size = tf.size(target)
    queries = tf.random.normal([size, model.towers.width])
    embeddings = tf.random.normal([tf.size(rows), model.towers.width - model.towers.num_temporal])
    with tf.GradientTape() as tape:
        tape.watch([queries, embeddings])
        targets = TargetQueries(
            queries, tf.ones([size]), target, tf.zeros([size], tf.int64), tf.constant(0)
        )
        loss = model.retrieval_loss(targets, ScoredItems(rows, embeddings, items.negative_indices))
    return list(tape.gradient(loss, [queries, embeddings]))


def _median_seconds(program: Callable[[], Any]) -> float:
    program()
    durations = []
    for _ in range(_REPETITIONS):
        started = time.perf_counter()
        program()
        durations.append(time.perf_counter() - started)
    return sorted(durations)[_REPETITIONS // 2]
