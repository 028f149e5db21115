"""The two-tower model: from a batch of windows to the loss of every target in it."""

import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from components.trainer.data import windows as windows_input
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.columns import Columns
from components.trainer.data.features import TowerFeatures
from components.trainer.losses.full_softmax import FullSoftmaxLoss
from components.trainer.losses.negatives import NegativePool
from components.trainer.losses.pooled import PooledLoss
from components.trainer.losses.targets import Candidates, Targets
from components.trainer.model.dropout import random_seed
from components.trainer.model.execution import compiled_in_halves, in_chunks
from components.trainer.model.items import Items
from components.trainer.model.metrics import CountingTopK, cutoffs
from components.trainer.model.query import QueryTower
from components.trainer.model.query_inputs import (
    QueryInputs,
    hide_at_random,
    history_rows,
    query_inputs,
)
from components.trainer.model.similarity import candidate_side, item_as_query, width
from components.trainer.model.towers import EventFeatures, RequestFeatures
from components.trainer.plan import ModelPlan, TrainPlan
from components.trainer.time.items_in_time import ItemsInTime
from components.trainer.time.popularity import NUM_PERIODS
from components.trainer.time.time_features import shifted
from schemas.features import MISSING_INTEGER, TIMESTAMP

# No branch here needs AutoGraph, which would rewrite all of tf_keras: most of a minute.
_as_it_is = tf.autograph.experimental.do_not_convert
_ROWS = (tf.TensorSpec([None], tf.int32),)
_END_OF_TRAIN = tf.constant(NUM_PERIODS)
_AFTER_ALL_S = tf.constant(tf.int64.max, tf.int64)


class TwoTowerModel(tfrs.Model):
    """A query tower over user, history and request; a candidate tower over item id and content.

    Every target of a window is one query, which has seen the events before it.
    """

    def __init__(
        self,
        features: TowerFeatures,
        candidates: CandidateTable,
        pool: NegativePool,
        in_time: ItemsInTime,
        model: ModelPlan,
        train: TrainPlan,
        excludes_history: bool = True,
        weight_per_step: float = 1.0,
        compiled: bool = False,
    ):
        """Builds the layers.

        Args:
          features: What the towers see.
          candidates: The candidate table.
          pool: The negatives of a step.
          in_time: What items are as of an instant.
          model: Sizes and parts.
          train: The loss, and dropout rates.
          excludes_history: Whether no item of the history is recommended; runs come folded.
          weight_per_step: What the targets of a training step weigh on average.
          compiled: Whether XLA compiles the query tower's part of a step, for every batch shape.

        Raises:
          InputError: The sizes do not fit each other.
        """
        super().__init__(name="two_tower")
        self.features = features
        self.num_items = len(candidates)
        self.pool = pool
        self.in_time = in_time
        self.popularity = in_time.popularity
        self.plan = train
        self.excludes_history = excludes_history
        self.weight_per_step = weight_per_step
        self.columns = {name: tf.constant(c) for name, c in candidates.columns.items()}

        self.items = Items(features.item, candidates.num_vocabulary, model, train.id_dropout)
        self.event_features = EventFeatures(features, model)
        self.request_features = RequestFeatures(features, model)
        self.query_tower = QueryTower(model, train.temperature if self.popularity else None)
        self.similarity = model.similarity
        self.width = width(model.dim, model.similarity) + in_time.num_features
        self.recall = CountingTopK(self.num_items, self.width, cutoffs(self.num_items))
        self.loss_of_targets = (
            FullSoftmaxLoss(train, in_time)
            if train.loss == "full_softmax"
            else PooledLoss(pool, train, in_time)
        )
        self.mean_loss = keras.metrics.Mean("mean_loss")
        self._step_query_tower = (
            compiled_in_halves(self.query_tower) if compiled else self.query_tower
        )

    @property
    def serving_weights(self) -> list[tf.Variable]:
        """The variables of the towers, without those of metrics and of the optimizer."""
        layers = (
            self.items,
            self.event_features,
            self.request_features,
            self.query_tower,
        )
        return [weight for layer in layers for weight in layer.weights]

    def item_vectors(self, rows: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[num_items] int32 rows of the candidate table to [num_items, dim], as histories see."""
        return self.items.of_history(rows, self._columns_of(rows), training=training)

    def queries_of(
        self, positions: tf.Tensor, item_vectors: tf.Tensor, inputs: QueryInputs
    ) -> tf.Tensor:
        """Embeds the requests at the given events of windows.

        Args:
          positions: [num_queries, 2] int64: window and event.
          item_vectors: [batch, length, dim] `item_vectors` of the events.
          inputs: The windows.

        Returns:
          [num_queries, width] float32.
        """
        without_history = tf.zeros(tf.shape(item_vectors)[:1], tf.bool)
        embedded = self._embedded(item_vectors, inputs, without_history)
        queries = self.query_tower(*embedded)
        return tf.gather_nd(queries, positions)

    def candidates_of(
        self, rows: tf.Tensor, columns: Columns, moving: tf.Tensor | None
    ) -> tf.Tensor:
        """Embeds candidates, known or new.

        Args:
          rows: [num_items] int32 rows of the candidate table, its size for an unknown item.
          columns: The items' features.
          moving: [num_items, NUM_FEATURES] float32, their rows of `moving_features`.

        Returns:
          [num_items, width] float32.
        """
        embeddings = candidate_side(self.items.of_candidates(rows, columns), self.similarity)
        return embeddings if moving is None else tf.concat([embeddings, moving], -1)

    def queries_of_items(self, embeddings: tf.Tensor) -> tf.Tensor:
        """[num_items, width] candidate embeddings to queries for items like them.

        What moves with time, such as popularity, makes no items alike.
        """
        num_moving = self.in_time.num_features
        alike = item_as_query(embeddings[:, : self.width - num_moving], self.similarity)
        return tf.pad(alike, [[0, 0], [0, num_moving]])

    def moving_features(self) -> tf.Tensor | None:
        """[num_items + 1, NUM_FEATURES] float32 as of the end of split train, the unknown last."""
        if self.popularity is None:
            return None
        return self.popularity.features(_END_OF_TRAIN, tf.range(self.num_items + 1))

    def catalogue_vectors(self) -> tf.Tensor:
        """[num_items + 1, dim] `item_vectors` of all, the unknown item last."""
        return in_chunks(self._vectors, self.num_items + 1)

    def candidate_embeddings(self) -> tf.Tensor:
        """[num_items, width] embeddings of the whole catalogue in row order."""
        return in_chunks(self._embeddings, self.num_items)

    def refresh_candidates(self) -> None:
        """Gives the validation metric today's candidate embeddings."""
        self.recall.refill(self.candidate_embeddings())

    @_as_it_is
    def compute_loss(self, inputs: Columns, training: bool = False) -> tf.Tensor:
        """The weighted mean loss of all targets of a batch of windows.

        In training it is their sum over `weight_per_step`, in expectation the same. Else it also
        feeds the validation metric, nothing is random, and items are as of the end of split train.

        Args:
          inputs: A batch of `components.trainer.data.windows.batches`.
          training: Whether dropout and hiding are on.

        Returns:
          Scalar float32.
        """
        rows, weights = inputs[windows_input.ROW], inputs[windows_input.WEIGHT]
        step_rows, places, negatives = self._step_items(rows, training)
        vectors = self.item_vectors(step_rows, training=training)
        positions = self._ordered(tf.where(weights > 0), inputs[TIMESTAMP], training)
        queries = self._queries(positions, tf.gather(vectors, places), inputs, training)
        targets = Targets(
            queries,
            tf.gather_nd(weights, positions),
            tf.gather_nd(places, positions),
            *self._asked(tf.gather_nd(inputs[TIMESTAMP], positions), training),
        )
        candidates = self._step_candidates(vectors, step_rows, negatives, training)
        total = self.loss_of_targets(targets, candidates)
        if not training:
            past = history_rows(positions, rows, self.num_items)
            self.recall.update_state(
                queries,
                queries,
                true_candidate_ids=tf.gather_nd(rows, positions),
                sample_weight=targets.weights,
                excluded_rows=past if self.excludes_history else None,
            )
        total_weight = tf.reduce_sum(targets.weights)
        loss = tf.math.divide_no_nan(total, total_weight)
        self.mean_loss.update_state(loss, sample_weight=total_weight)
        # Steps differ in size, and every target counts the same.
        return total / self.weight_per_step if training else loss

    @_as_it_is
    def train_step(self, inputs: Columns) -> dict[str, tf.Tensor]:
        """One step; logs the mean loss of the epoch so far."""
        super().train_step(inputs)
        return {"loss": self.mean_loss.result()}

    @_as_it_is
    def test_step(self, inputs: Columns) -> dict[str, tf.Tensor]:
        """One step of validation; logs the mean loss and recall at each cutoff."""
        super().test_step(inputs)
        logs = {metric.name: metric.result() for metric in self.metrics}
        return {"loss": logs.pop(self.mean_loss.name), **logs}

    def _columns_of(self, rows: tf.Tensor) -> Columns:
        return {name: tf.gather(column, rows) for name, column in self.columns.items()}

    def _embedded(
        self, item_vectors: tf.Tensor, inputs: QueryInputs, without_history: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """Events and requests as vectors, and how much past they see: the query tower's inputs."""
        events = self.event_features(item_vectors, inputs.history)
        hidden = without_history[:, tf.newaxis]
        unknown_s = tf.constant(MISSING_INTEGER, tf.int64)
        previous_s = tf.where(hidden, unknown_s, shifted(inputs.history[TIMESTAMP]))
        num_past = tf.where(hidden, 0, tf.range(tf.shape(item_vectors)[1])[tf.newaxis])
        requests = self.request_features(inputs.user, inputs.request, previous_s, num_past)
        return events, requests, num_past

    def _step_items(
        self, rows: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Rows of a step's items, the events' places among them, and the places of negatives."""
        if isinstance(self.loss_of_targets, FullSoftmaxLoss):
            return tf.range(self.num_items + 1), rows, tf.zeros([0], tf.int32)
        drawn = self.pool.draw() if training else tf.zeros([0], tf.int32)
        # An item is computed once, however often the batch has it.
        unique, place = tf.unique(tf.concat([tf.reshape(rows, [-1]), drawn], 0))
        return unique, tf.reshape(place[: tf.size(rows)], tf.shape(rows)), place[tf.size(rows) :]

    def _step_candidates(
        self, vectors: tf.Tensor, rows: tf.Tensor, negatives: tf.Tensor, training: bool
    ) -> Candidates:
        if not self.items.are_shared:
            vectors = self.items.of_candidates(rows, self._columns_of(rows), training=training)
        if isinstance(self.loss_of_targets, FullSoftmaxLoss):
            # The unknown item stands in histories, and is no candidate.
            vectors, rows = vectors[: self.num_items], rows[: self.num_items]
        return Candidates(rows, candidate_side(vectors, self.similarity), negatives)

    def _ordered(self, positions: tf.Tensor, time_s: tf.Tensor, training: bool) -> tf.Tensor:
        """Targets in the order in which groups are cut: by time where items change with it."""
        if self.in_time.moves:
            return tf.gather(positions, tf.argsort(tf.gather_nd(time_s, positions), stable=True))
        # The targets of one window must not be each other's only negatives.
        return tf.random.shuffle(positions) if training else positions

    def _asked(self, time_s: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """[num_targets] int64 seconds, when targets are scored, and the lag of what is known."""
        if training:
            return time_s, self.in_time.draw_lag()
        return tf.fill(tf.shape(time_s), _AFTER_ALL_S), tf.constant(0)

    def _queries(
        self, positions: tf.Tensor, item_vectors: tf.Tensor, inputs: Columns, training: bool
    ) -> tf.Tensor:
        """[num_queries, width] queries of a step, some of what they know hidden in training."""
        seen = query_inputs(inputs, self.features)
        batch = tf.shape(item_vectors)[:1]
        without_history, seed = tf.zeros(batch, tf.bool), None
        if training:
            seen = hide_at_random(seen, self.features, self.plan.feature_dropout)
            without_history = tf.random.uniform(batch) < self.plan.history_dropout
            seed = random_seed()
        embedded = self._embedded(item_vectors, seen, without_history)
        queries = self._step_query_tower(*embedded, seed=seed)
        return tf.gather_nd(queries, positions)

    @tf.function(input_signature=_ROWS, autograph=False)
    def _vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return self.item_vectors(rows)

    @tf.function(input_signature=_ROWS, autograph=False)
    def _embeddings(self, rows: tf.Tensor) -> tf.Tensor:
        moving = self.popularity and self.popularity.features(_END_OF_TRAIN, rows)
        return self.candidates_of(rows, self._columns_of(rows), moving)
