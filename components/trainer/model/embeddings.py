"""Embeds one feature as one vector."""

import tensorflow as tf
import tf_keras as keras

from components.trainer.data.columns import Columns
from components.trainer.data.features import BAG_PADDING, InputFeature
from components.trainer.data.id_rows import IdRows
from schemas.source_settings import FeatureKind
from schemas.transformed import bucket_name


def embedding(num_rows: int, dim: int, name: str, norm: float = 1.0) -> keras.layers.Embedding:
    """Returns an embedding layer with random initial vectors of about the given norm."""
    return keras.layers.Embedding(
        num_rows,
        dim,
        embeddings_initializer=keras.initializers.RandomNormal(0, norm * dim**-0.5),
        name=name,
    )


class FeatureEmbedding(keras.layers.Layer):
    """Embeds one transformed feature.

    A category has an embedding of its own. A bag has the mean of the embeddings of its entries, or
    0 if it is empty. A number has the embedding of its bucket plus a linear map of its standardised
    value.
    """

    def __init__(self, feature: InputFeature, dim: int, id_rows: IdRows | None = None):
        """Builds the layers.

        Args:
          feature: The feature.
          dim: The size of the vector.
          id_rows: The rows of the values of a category; None if each has a row of its own.
        """
        super().__init__(name=f"feature_{feature.name}")
        self.feature = feature
        self.id_rows = id_rows
        num_rows = feature.num_values if id_rows is None else id_rows.num_rows
        self.table = embedding(num_rows + 1, dim, "table")
        is_number = feature.kind is FeatureKind.NUMBER
        self.linear = keras.layers.Dense(dim, use_bias=False, name="linear") if is_number else None

    def call(self, columns: Columns) -> tf.Tensor:
        """Returns [..., dim] float32 from columns of shape [...], or for bags [..., width]."""
        values = columns[self.feature.name]
        if self.feature.is_bag:
            return self._mean(values)
        if self.linear is None:
            return self.table(values if self.id_rows is None else self.id_rows(values))
        return self.table(columns[bucket_name(self.feature.name)]) + self.linear(
            values[..., tf.newaxis]
        )

    def _mean(self, bags: tf.Tensor) -> tf.Tensor:
        present = tf.cast(tf.not_equal(bags, BAG_PADDING), tf.float32)[..., tf.newaxis]
        vectors = self.table(tf.maximum(bags, 0)) * present
        return tf.math.divide_no_nan(tf.reduce_sum(vectors, -2), tf.reduce_sum(present, -2))
