"""The trained model: from a batch of windows to the loss and the validation metrics."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from components.negative_events_graph import NEGATIVE
from components.trainer.data import windows as windows_input
from components.trainer.data.columns import Columns
from components.trainer.losses.base import RetrievalLoss, ScoredItems, StepItems, TargetQueries
from components.trainer.losses.negative_feedback import negative_feedback_loss
from components.trainer.model.compilation import compiled_in_halves
from components.trainer.model.excluded_rows import excluded_rows
from components.trainer.model.metrics import CountingTopK, cutoffs
from components.trainer.model.query_inputs import hide_at_random, negative_items, query_inputs
from components.trainer.model.similarity import candidate_vector
from components.trainer.model.towers import RetrievalTowers
from components.trainer.plan import TrainPlan
from components.trainer.seeds import Seed, split, step_seed
from components.trainer.time.item_dynamics import ItemDynamics
from schemas.features import TIMESTAMP, USER_ID
from schemas.transformed import IS_NEGATIVE

# No Python branch here depends on a tensor. AutoGraph would convert all of tf_keras, which takes
# most of a minute.
_without_autograph = tf.autograph.experimental.do_not_convert
# No tensor: TensorFlow's server for several workers has to start before its first operation.
_AFTER_TRAIN_S = np.iinfo(np.int64).max


class _Seeds(NamedTuple):
    """The seeds of the random parts of a step; None outside training."""

    negatives: Seed
    item_ids: Seed
    order: Seed
    queries: Seed
    lag: Seed
    candidate_ids: Seed


class TwoTowerModel(tfrs.Model):
    """Trains and validates the towers: each target of a window is one query.

    The query of a target depends on the events before it.
    """

    def __init__(
        self,
        towers: RetrievalTowers,
        loss: RetrievalLoss,
        dynamics: ItemDynamics,
        plan: TrainPlan,
        weight_per_step: float = 1.0,
        compiled: bool = False,
    ):
        """Prepares loss and metrics.

        Args:
          towers: The two towers.
          loss: The training loss.
          dynamics: Time-dependent item features, and the times at which items appear.
          plan: The shares of inputs that are hidden in training.
          weight_per_step: The mean of the total weight of the targets in a training step.
          compiled: Whether XLA compiles the query tower, once per batch shape.
        """
        super().__init__(name="two_tower")
        # Results of metrics are the same on all replicas. Keras would add them up.
        self.distribute_reduction_method = "first"
        self.towers = towers
        self.dynamics = dynamics
        self.plan = plan
        self.weight_per_step = weight_per_step
        self.recall = CountingTopK(towers.num_items, towers.width, cutoffs(towers.num_items))
        self.retrieval_loss = loss
        self.mean_loss = keras.metrics.Mean("mean_loss")
        self.num_steps = tf.Variable(
            0,
            trainable=False,
            dtype=tf.int64,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
        self._step_query_tower = (
            compiled_in_halves(towers.query_tower) if compiled else towers.query_tower
        )

    def refresh_candidates(self) -> None:
        """Updates the candidate embeddings that validation ranks."""
        self.recall.refill(self.towers.catalogue_embeddings())

    @_without_autograph
    def compute_loss(self, inputs: Columns, training: bool = False) -> tf.Tensor:
        """Returns the weighted mean loss of the targets in a batch of windows.

        In training, returns their weighted sum over `weight_per_step`, which has the same expected
        value. Outside training, also updates the validation metric; nothing is random, and item
        features are as of the end of split train.

        Args:
          inputs: A batch from `components.trainer.data.batches`.
          training: Whether inputs are hidden at random and dropout is active.

        Returns:
          Scalar float32.
        """
        rows, weights = inputs[windows_input.ROW], inputs[windows_input.WEIGHT]
        seeds = _Seeds(*split(step_seed(self.plan.seed, self.num_steps) if training else None, 6))
        items = self.retrieval_loss.step_items(rows, seeds.negatives)
        item_vectors = self.towers.item_vectors(items.rows, seeds.item_ids)
        positions = self._ordered(tf.where(weights > 0), inputs[TIMESTAMP], seeds.order)
        event_vectors = tf.gather(item_vectors, items.event_indices)
        queries = self._queries(positions, event_vectors, inputs, seeds.queries)
        user_of_window = self._user_of_window(inputs[USER_ID])
        targets = TargetQueries(
            queries,
            tf.gather_nd(weights, positions),
            tf.gather_nd(items.event_indices, positions),
            *self._scoring_time(tf.gather_nd(inputs[TIMESTAMP], positions), seeds.lag),
            tf.gather(user_of_window, positions[:, 0]),
        )
        pairs = self._user_items(user_of_window, items.event_indices, inputs)
        scored_items = self._scored_items(items, item_vectors, seeds.candidate_ids)
        scored_items = scored_items._replace(user_items=pairs)
        total = self.retrieval_loss(targets, scored_items)
        num_items = self.towers.num_items
        if self.towers.features.has_negatives and self.plan.negative_weight:
            negatives = negative_items(positions, inputs, items.event_indices, num_items, -1)
            total += self.plan.negative_weight * negative_feedback_loss(
                targets, scored_items, negatives, self.plan.temperature
            )
        if not training:
            self.recall.update_state(
                queries,
                queries,
                true_candidate_ids=tf.gather_nd(rows, positions),
                sample_weight=targets.weights,
                excluded_rows=excluded_rows(positions, inputs, self.towers),
            )
        total_weight = tf.reduce_sum(targets.weights)
        loss = tf.math.divide_no_nan(total, total_weight)
        self.mean_loss.update_state(loss, sample_weight=total_weight)
        # Steps differ in the number of targets, and every target has the same weight.
        return total / self.weight_per_step if training else loss

    @_without_autograph
    def train_step(self, inputs: Columns) -> dict[str, tf.Tensor]:
        """Runs one step; logs the mean loss of the epoch so far."""
        super().train_step(inputs)
        self.num_steps.assign_add(1)
        return {"loss": self.mean_loss.result()}

    @_without_autograph
    def test_step(self, inputs: Columns) -> dict[str, tf.Tensor]:
        """Runs one step of validation; logs the mean loss and recall at each cutoff."""
        super().test_step(inputs)
        logs = {metric.name: metric.result() for metric in self.metrics}
        return {"loss": logs.pop(self.mean_loss.name), **logs}

    def _scored_items(self, items: StepItems, item_vectors: tf.Tensor, seed: Seed) -> ScoredItems:
        rows = items.rows
        vectors = self.towers.candidate_item_vectors(rows, item_vectors, seed)
        if items.num_candidates is not None:
            rows, vectors = rows[: items.num_candidates], vectors[: items.num_candidates]
        embeddings = candidate_vector(vectors, self.towers.similarity)
        return ScoredItems(rows, embeddings, items.negative_indices)

    def _ordered(self, positions: tf.Tensor, time_s: tf.Tensor, seed: Seed) -> tf.Tensor:
        """Returns the positions of the targets in the order in which a loss groups them."""
        if self.dynamics.depends_on_time:
            return tf.gather(positions, tf.argsort(tf.gather_nd(time_s, positions), stable=True))
        # Evenly spaced in-batch negatives could all have the same position in their windows.
        if seed is None:
            return positions
        return tf.random.experimental.stateless_shuffle(positions, seed)

    def _user_of_window(self, user_id: tf.Tensor) -> tf.Tensor:
        """Returns [batch] int32 numbers of users from their indices; unknown users all differ."""
        num_known = self.towers.features.user_id.num_values
        window = tf.range(tf.size(user_id, user_id.dtype), dtype=user_id.dtype)
        key = tf.where(user_id < num_known, user_id, num_known + window)
        return tf.unique(key)[1]

    def _user_items(
        self, user_of_window: tf.Tensor, event_indices: tf.Tensor, inputs: Columns
    ) -> tf.Tensor:
        """Returns the pairs of users and items of `ScoredItems`, without negative feedback."""
        is_item = inputs[windows_input.ROW] < self.towers.num_items
        if self.towers.features.has_negatives:
            is_item &= inputs[IS_NEGATIVE] != NEGATIVE
        position = tf.where(is_item)
        user = tf.gather(user_of_window, position[:, 0])
        return tf.stack([user, tf.gather_nd(event_indices, position)], 1)

    def _scoring_time(self, time_s: tf.Tensor, seed: Seed) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns `time_s` and `lag` of `TargetQueries`."""
        if seed is not None:
            return time_s, self.dynamics.draw_lag(seed)
        after_train_s = tf.constant(_AFTER_TRAIN_S, tf.int64)
        return tf.fill(tf.shape(time_s), after_train_s), tf.constant(0)

    def _queries(
        self, positions: tf.Tensor, item_vectors: tf.Tensor, inputs: Columns, seed: Seed
    ) -> tf.Tensor:
        """Returns the [num_queries, width] query embeddings of a step.

        In training, hides inputs and whole histories at random.
        """
        features = self.towers.features
        visible = query_inputs(inputs, features)
        batch = tf.shape(item_vectors)[:1]
        without_history = tf.zeros(batch, tf.bool)
        of_features, of_histories, of_dropout = split(seed, 3)
        if seed is not None:
            visible = hide_at_random(visible, features, self.plan.feature_dropout, of_features)
            hidden = tf.random.stateless_uniform(batch, of_histories)
            without_history = hidden < self.plan.history_dropout
        embedded = self.towers.query_tower_inputs(item_vectors, visible, without_history)
        queries = self._step_query_tower(*embedded, seed=of_dropout)
        return tf.gather_nd(queries, positions)
