"""The two towers: layers of their own above one table of items, into one embedding space."""

import tensorflow as tf
import tf_keras as keras

from components.trainer import times
from components.trainer.embeddings import Columns, FeatureEmbedding, embedding
from components.trainer.features import InputFeature, TowerFeatures
from schemas.features import TIMESTAMP
from schemas.model_settings import ModelSettings


class ItemFeatures(keras.layers.Layer):
    """An item as the sum of its id embedding and a projection of each of its features.

    Histories and candidates share it. Items that training never saw share one id embedding, the
    cold one. In training it stands in for a share of the other ids as well (DropoutNet, Volkovs
    et al., 2017), so that content alone learns to carry an item.
    """

    def __init__(
        self,
        features: tuple[InputFeature, ...],
        num_vocabulary: int,
        settings: ModelSettings,
        id_dropout: float,
    ):
        """`num_vocabulary` items have an id embedding; `id_dropout` is ignored without features."""
        super().__init__(name="item_features")
        self.num_vocabulary = num_vocabulary
        self.id_dropout = id_dropout if features else 0.0
        self.ids = embedding(num_vocabulary + 1, settings.dim, "ids")
        self.embeddings = [FeatureEmbedding(feature, settings.feature_dim) for feature in features]
        self.projections = [
            keras.layers.Dense(settings.dim, use_bias=False, name=f"{feature.name}_projection")
            for feature in features
        ]

    def call(self, rows: tf.Tensor, columns: Columns, training: bool = False) -> tf.Tensor:
        """Embeds items.

        Args:
          rows: [num_items] int32 rows of the candidate table; all rows outside the vocabulary are
            the cold one.
          columns: The items' features, [num_items] or for bags [num_items, width].
          training: Whether ids are dropped at random.

        Returns:
          [num_items, dim] float32.
        """
        ids = tf.minimum(rows, self.num_vocabulary)
        if training and self.id_dropout:
            dropped = tf.random.uniform(tf.shape(ids)) < self.id_dropout
            ids = tf.where(dropped, self.num_vocabulary, ids)
        x = self.ids(ids)
        for embed, project in zip(self.embeddings, self.projections, strict=True):
            x += project(embed(columns))
        return x


class ResidualMlp(keras.layers.Layer):
    """Adds to `x` a two-layer function of `inputs`, which is zero before training."""

    def __init__(self, settings: ModelSettings, name: str):
        """`settings` gives the sizes of the layers."""
        super().__init__(name=name)
        self.hidden = keras.layers.Dense(settings.hidden_dim, "gelu", name="hidden")
        self.dropout = keras.layers.Dropout(settings.encoder.dropout)
        self.output_layer = keras.layers.Dense(
            settings.dim, kernel_initializer="zeros", name="output"
        )

    def call(self, x: tf.Tensor, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """x [..., dim], inputs [..., num_inputs] to [..., dim] float32."""
        return x + self.output_layer(self.dropout(self.hidden(inputs), training=training))


class CandidateTower(keras.layers.Layer):
    """Item vectors to candidate embeddings."""

    def __init__(self, settings: ModelSettings):
        """`settings` gives the sizes of the layers."""
        super().__init__(name="candidate_tower")
        # Item vectors are about one long; layers expect about one per channel.
        self.scale = settings.dim**0.5
        self.mlp = ResidualMlp(settings, "mlp")

    def call(self, vectors: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[num_items, dim] item vectors to [num_items, dim] float32 embeddings."""
        return self.mlp(vectors, vectors * self.scale, training=training)


class EventFeatures(keras.layers.Layer):
    """A past event as one vector: its item, type, value, context and the time since the last."""

    def __init__(self, features: TowerFeatures, settings: ModelSettings):
        """`features.event` and the timestamp are what a past event has besides its item."""
        super().__init__(name="event_features")
        self.scale = settings.dim**0.5
        self.embeddings = [
            FeatureEmbedding(feature, settings.feature_dim) for feature in features.event
        ]
        self.gap = embedding(times.GAP_BUCKETS + 1, settings.feature_dim, "gap")
        self.projection = keras.layers.Dense(settings.dim, use_bias=False, name="projection")

    def call(self, item_vectors: tf.Tensor, history: Columns) -> tf.Tensor:
        """Embeds the events of histories.

        Args:
          item_vectors: [batch, length, dim] of the events' items.
          history: `timestamp` int64 seconds and the event features, [batch, length].

        Returns:
          [batch, length, dim] float32.
        """
        timestamp = history[TIMESTAMP]
        parts = [embed(history) for embed in self.embeddings]
        parts.append(self.gap(times.gap_bucket(timestamp, times.shifted(timestamp))))
        return item_vectors * self.scale + self.projection(tf.concat(parts, -1)) * self.scale


class QueryTower(keras.layers.Layer):
    """What is known when a request arrives, to a query embedding."""

    def __init__(self, features: TowerFeatures, settings: ModelSettings):
        """The user's id is embedded only where `settings.user_id_embedding`."""
        super().__init__(name="query_tower")
        feature_dim = settings.feature_dim
        ids = (features.user_id,) if settings.user_id_embedding else ()
        self.user = [FeatureEmbedding(feature, feature_dim) for feature in (*ids, *features.user)]
        self.context = [FeatureEmbedding(feature, feature_dim) for feature in features.context]
        self.hour = embedding(times.HOURS + 1, feature_dim, "hour")
        self.day = embedding(times.DAYS + 1, feature_dim, "day")
        self.gap = embedding(times.GAP_BUCKETS + 1, feature_dim, "gap")
        self.scale = feature_dim**0.5
        self.mlp = ResidualMlp(settings, "mlp")

    def call(
        self,
        states: tf.Tensor,
        user: Columns,
        request: Columns,
        previous_s: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Embeds requests.

        Args:
          states: [num_queries, dim] float32, the encoder's states before the requests.
          user: User id and user features, [num_queries].
          request: `timestamp` int64 seconds and context features, [num_queries].
          previous_s: [num_queries] int64 seconds, the last past event's.
          training: Whether dropout is on.

        Returns:
          [num_queries, dim] float32.
        """
        timestamp = request[TIMESTAMP]
        parts = [embed(user) for embed in self.user]
        parts += [embed(request) for embed in self.context]
        parts.append(self.hour(times.hour_of_day(timestamp)))
        parts.append(self.day(times.day_of_week(timestamp)))
        parts.append(self.gap(times.gap_bucket(timestamp, previous_s)))
        known = tf.concat([states, tf.concat(parts, -1) * self.scale], -1)
        return self.mlp(states, known, training=training)
