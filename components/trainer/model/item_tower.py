"""Embeds items by id and content."""

import tensorflow as tf
import tf_keras as keras

from components.trainer.data.columns import Columns
from components.trainer.data.features import InputFeature
from components.trainer.data.id_rows import IdRows
from components.trainer.model.embeddings import FeatureEmbedding, embedding
from components.trainer.plan import ModelPlan
from components.trainer.seeds import Seed

# Short, so that the random initial vector of a rare item does not dominate its features.
INITIAL_ID_NORM = 0.2


class ItemEmbedding(keras.layers.Layer):
    """The sum of an item's id embedding and a linear projection of each of its features.

    A further layer on top made models worse on every log (docs/quality.md). Items outside the
    vocabulary share one id embedding. In training, it also replaces the id embeddings of a random
    share of the other items (DropoutNet, Volkovs et al., 2017), so that the model learns to
    represent items by content alone.
    """

    def __init__(
        self,
        features: tuple[InputFeature, ...],
        id_rows: IdRows,
        plan: ModelPlan,
        id_dropout: float,
        name: str = "item_features",
    ):
        """Builds the layers.

        Args:
          features: The item features.
          id_rows: The rows of the items of the vocabulary in the table of ids.
          plan: Sizes of the embeddings.
          id_dropout: The share of ids that are dropped; ignored if there are no features.
          name: The name of the layer.
        """
        super().__init__(name=name)
        self.id_rows = id_rows
        self.id_dropout = id_dropout if features else 0.0
        self.ids = embedding(id_rows.num_rows + 1, plan.dim, "ids", INITIAL_ID_NORM)
        self.embeddings = [FeatureEmbedding(feature, plan.feature_dim) for feature in features]
        self.projections = [
            keras.layers.Dense(plan.dim, use_bias=False, name=f"projection_of_{feature.name}")
            for feature in features
        ]

    def call(self, rows: tf.Tensor, columns: Columns, seed: Seed = None) -> tf.Tensor:
        """Embeds items.

        Args:
          rows: [num_items] int32 rows of the candidate table; rows outside the vocabulary share
            one id embedding.
          columns: The features of the items, [num_items], or for bags [num_items, width].
          seed: The seed by which ids are dropped at random; None outside training.

        Returns:
          [num_items, dim] float32.
        """
        ids = self.id_rows(rows)
        if seed is not None and self.id_dropout:
            dropped = tf.random.stateless_uniform(tf.shape(ids), seed) < self.id_dropout
            ids = tf.where(dropped, self.id_rows.num_rows, ids)
        x = self.ids(ids)
        for embed, project in zip(self.embeddings, self.projections, strict=True):
            x += project(embed(columns))
        return x


class ItemTower(keras.layers.Layer):
    """Embeds items for histories and as candidates, with shared or separate tables."""

    def __init__(
        self,
        features: tuple[InputFeature, ...],
        id_rows: IdRows,
        plan: ModelPlan,
        id_dropout: float,
    ):
        """Takes the arguments of `ItemEmbedding`."""
        super().__init__(name="items")
        self.of_history = ItemEmbedding(features, id_rows, plan, id_dropout, "of_history")
        self.of_candidates = self.of_history
        if not plan.share_item_table:
            self.of_candidates = ItemEmbedding(features, id_rows, plan, id_dropout, "of_candidates")

    @property
    def is_shared(self) -> bool:
        """Whether histories and candidates use one table."""
        return self.of_candidates is self.of_history
