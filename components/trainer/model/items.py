"""An item as a vector."""

import tensorflow as tf
import tf_keras as keras

from components.trainer.data.columns import Columns
from components.trainer.data.features import InputFeature
from components.trainer.model.embeddings import FeatureEmbedding, embedding
from components.trainer.plan import ModelPlan

# What is random about an item of few events must not outweigh what is learnt of it.
START_LENGTH = 0.2


class ItemFeatures(keras.layers.Layer):
    """An item as the sum of its id embedding and a projection of each of its features.

    A sum and no more: with a layer on top, models were worse on every log (docs/quality.md). Items
    that training never saw share one id embedding, the cold one. In training it stands in for a
    share of the other ids as well (DropoutNet, Volkovs et al., 2017), so that content alone learns
    to carry an item.
    """

    def __init__(
        self,
        features: tuple[InputFeature, ...],
        num_vocabulary: int,
        plan: ModelPlan,
        id_dropout: float,
        name: str = "item_features",
    ):
        """`num_vocabulary` items have an id embedding; `id_dropout` is ignored without features."""
        super().__init__(name=name)
        self.num_vocabulary = num_vocabulary
        self.id_dropout = id_dropout if features else 0.0
        self.ids = embedding(num_vocabulary + 1, plan.dim, "ids", START_LENGTH)
        self.embeddings = [FeatureEmbedding(feature, plan.feature_dim) for feature in features]
        self.projections = [
            keras.layers.Dense(plan.dim, use_bias=False, name=f"{feature.name}_projection")
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


class Items(keras.layers.Layer):
    """Items as histories see them and as candidates: one table of features, or two."""

    def __init__(
        self,
        features: tuple[InputFeature, ...],
        num_vocabulary: int,
        plan: ModelPlan,
        id_dropout: float,
    ):
        """Arguments are those of `ItemFeatures`."""
        super().__init__(name="items")
        self.of_history = ItemFeatures(features, num_vocabulary, plan, id_dropout, "of_history")
        self.of_candidates = self.of_history
        if not plan.share_item_table:
            self.of_candidates = ItemFeatures(
                features, num_vocabulary, plan, id_dropout, "of_candidates"
            )

    @property
    def are_shared(self) -> bool:
        """Whether histories and candidates read one table."""
        return self.of_candidates is self.of_history
