"""The two-tower model: from a batch of windows to the loss of every target in it."""

from collections.abc import Callable

import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from components.trainer import input as windows_input
from components.trainer.candidates import CandidateTable
from components.trainer.embeddings import Columns
from components.trainer.encoders import CausalEncoder
from components.trainer.features import TowerFeatures
from components.trainer.losses import GroupedRetrievalLoss
from components.trainer.metrics import CountingTopK, cutoffs
from components.trainer.negatives import NegativePool
from components.trainer.times import shifted
from components.trainer.towers import CandidateTower, EventFeatures, ItemFeatures, QueryTower
from components.trainer.windows import QueryInputs, hide_at_random, query_inputs
from schemas.features import TIMESTAMP
from schemas.model_settings import ModelSettings, TrainSettings

# No branch here needs AutoGraph, which would rewrite all of tf_keras: most of a minute.
_as_it_is = tf.autograph.experimental.do_not_convert
# Items whose embeddings are computed together.
_CATALOGUE_CHUNK = 8192
_ROWS = (tf.TensorSpec([None], tf.int32),)


class TwoTowerModel(tfrs.Model):
    """A query tower over user, history and request; a candidate tower over item id and content.

    Every target of a window is one query, which has seen the events before it. The loss is the
    softmax cross-entropy over a pool of negatives, corrected for how often each is drawn (logQ:
    Yi et al., 2019, "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item
    Recommendations").
    """

    def __init__(
        self,
        features: TowerFeatures,
        candidates: CandidateTable,
        pool: NegativePool,
        model: ModelSettings,
        train: TrainSettings,
    ):
        """Builds the layers.

        Args:
          features: What the towers see.
          candidates: The candidate table.
          pool: The negatives of a step.
          model: Sizes.
          train: Dropout rates, temperature and the size of the pool.

        Raises:
          InputError: The sizes do not fit each other.
        """
        super().__init__(name="two_tower")
        self.features = features
        self.num_items = len(candidates)
        self.pool = pool
        self.train_settings = train
        self.columns = {name: tf.constant(c) for name, c in candidates.columns.items()}
        self.item_features = ItemFeatures(
            features.item, candidates.num_vocabulary, model, train.id_dropout
        )
        self.candidate_tower = CandidateTower(model)
        self.event_features = EventFeatures(features, model)
        self.encoder = CausalEncoder(model.dim, model.encoder)
        self.query_tower = QueryTower(features, model)
        self.recall = CountingTopK(self.num_items, model.dim, cutoffs(self.num_items))
        self.loss_of_queries = GroupedRetrievalLoss(pool, train, self.recall)
        self.mean_loss = keras.metrics.Mean("mean_loss")

    @property
    def serving_weights(self) -> list[tf.Variable]:
        """The variables of the towers, without those of metrics and of the optimizer."""
        layers = (
            self.item_features,
            self.candidate_tower,
            self.event_features,
            self.encoder,
            self.query_tower,
        )
        return [weight for layer in layers for weight in layer.weights]

    def item_vectors(self, rows: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[num_items] int32 rows of the candidate table to [num_items, dim] item features."""
        columns = {name: tf.gather(column, rows) for name, column in self.columns.items()}
        return self.item_features(rows, columns, training=training)

    def encode(
        self, item_vectors: tf.Tensor, history: Columns, training: bool = False
    ) -> tf.Tensor:
        """States before each event.

        Args:
          item_vectors: [batch, length, dim] item features of the events.
          history: The events' other columns, [batch, length].
          training: Whether dropout is on.

        Returns:
          [batch, length + 1, dim] float32.
        """
        return self.encoder(self.event_features(item_vectors, history), training=training)

    def queries_of(
        self,
        positions: tf.Tensor,
        item_vectors: tf.Tensor,
        inputs: QueryInputs,
        training: bool = False,
    ) -> tf.Tensor:
        """Embeds the requests at the given events of windows.

        Args:
          positions: [num_queries, 2] int64: window and event.
          item_vectors: [batch, length, dim] item features of the events.
          inputs: The windows.
          training: Whether dropout is on.

        Returns:
          [num_queries, dim] float32.
        """
        states = self.encode(item_vectors, inputs.history, training=training)
        return self.queries_at(positions, states, inputs, training=training)

    def queries_at(
        self,
        positions: tf.Tensor,
        states: tf.Tensor,
        inputs: QueryInputs,
        training: bool = False,
    ) -> tf.Tensor:
        """Embeds the requests at the given events.

        Args:
          positions: [num_queries, 2] int64: window and event.
          states: [batch, length + 1, dim] of `encode`.
          inputs: The windows.
          training: Whether dropout is on.

        Returns:
          [num_queries, dim] float32.
        """
        window = positions[:, 0]
        return self.query_tower(
            tf.gather_nd(states, positions),
            user={name: tf.gather(x, window) for name, x in inputs.user.items()},
            request={name: tf.gather_nd(x, positions) for name, x in inputs.request.items()},
            previous_s=tf.gather_nd(shifted(inputs.history[TIMESTAMP]), positions),
            training=training,
        )

    def catalogue_vectors(self) -> tf.Tensor:
        """[num_items + 1, dim] item features of the candidate table, the unknown item last."""
        return _in_chunks(self._vectors, self.num_items + 1)

    def candidate_embeddings(self) -> tf.Tensor:
        """[num_items, dim] embeddings of the whole catalogue in row order."""
        return _in_chunks(self._embeddings, self.num_items)

    def refresh_candidates(self) -> None:
        """Gives the validation metric today's candidate embeddings."""
        self.recall.refill(self.candidate_embeddings())

    @_as_it_is
    def compute_loss(self, inputs: Columns, training: bool = False) -> tf.Tensor:
        """The weighted mean loss of all targets of a batch of windows.

        Outside training it also feeds the validation metric, and negatives are in-batch alone, so
        that nothing is random.

        Args:
          inputs: A batch of `components.trainer.input.batches`.
          training: Whether dropout and hiding are on.

        Returns:
          Scalar float32.
        """
        rows, weights = inputs[windows_input.ROW], inputs[windows_input.WEIGHT]
        positions = tf.where(weights > 0)
        if training:
            # The targets of one window must not be each other's only negatives.
            positions = tf.random.shuffle(positions)
        uniform = self.pool.draw() if training else tf.zeros([0], tf.int32)
        # An item is computed once, however often the batch has it.
        unique, place = tf.unique(tf.concat([tf.reshape(rows, [-1]), uniform], 0))
        vectors = self.item_vectors(unique, training=training)
        event_place = tf.reshape(place[: tf.size(rows)], tf.shape(rows))

        seen = query_inputs(inputs, self.features)
        if training:
            seen = hide_at_random(seen, self.features, self.train_settings.feature_dropout)
        queries = self.queries_of(
            positions, tf.gather(vectors, event_place), seen, training=training
        )
        embeddings = self.candidate_tower(vectors, training=training)
        query_weights = tf.gather_nd(weights, positions)
        total = self.loss_of_queries(
            queries,
            query_weights,
            tf.gather_nd(event_place, positions),
            place[tf.size(rows) :],
            embeddings,
            unique,
            training=training,
        )
        total_weight = tf.reduce_sum(query_weights)
        loss = tf.math.divide_no_nan(total, total_weight)
        self.mean_loss.update_state(loss, sample_weight=total_weight)
        return loss

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

    @tf.function(input_signature=_ROWS, autograph=False)
    def _vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return self.item_vectors(rows)

    @tf.function(input_signature=_ROWS, autograph=False)
    def _embeddings(self, rows: tf.Tensor) -> tf.Tensor:
        return self.candidate_tower(self.item_vectors(rows))


def _in_chunks(embed: Callable[[tf.Tensor], tf.Tensor], num_rows: int) -> tf.Tensor:
    """Embeds rows 0 … num_rows - 1 in bounded memory."""
    starts = range(0, num_rows, _CATALOGUE_CHUNK)
    ends = [min(start + _CATALOGUE_CHUNK, num_rows) for start in starts]
    return tf.concat(
        [embed(tf.range(start, end)) for start, end in zip(starts, ends, strict=True)], 0
    )
