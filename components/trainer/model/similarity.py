"""Three similarities as one dot product, so that loss, metric and index need know no other."""

import tensorflow as tf

from schemas.model_settings import Similarity

_SMALLEST_SQUARE = 1e-12


def query_side(x: tf.Tensor, similarity: Similarity) -> tf.Tensor:
    """The query's half of a similarity.

    Args:
      x: [..., dim] float32.
      similarity: `dot` keeps x; `cosine` gives it length 1; `euclidean` makes the dot product with
        `candidate_side` minus the squared distance, which takes two dimensions more (Bachrach et
        al., 2014, "Speeding Up the Xbox Recommender System Using a Euclidean Transformation for
        Inner-Product Spaces", read backwards).

    Returns:
      [..., dim] float32, for `euclidean` [..., dim + 2].
    """
    if similarity == "cosine":
        return tf.nn.l2_normalize(x, -1, _SMALLEST_SQUARE)
    if similarity == "euclidean":
        square = tf.reduce_sum(x * x, -1, keepdims=True)
        return tf.concat([2.0 * x, tf.ones_like(square), -square], -1)
    return x


def candidate_side(x: tf.Tensor, similarity: Similarity) -> tf.Tensor:
    """The candidate's half; arguments and shapes are those of `query_side`."""
    if similarity == "cosine":
        return tf.nn.l2_normalize(x, -1, _SMALLEST_SQUARE)
    if similarity == "euclidean":
        square = tf.reduce_sum(x * x, -1, keepdims=True)
        return tf.concat([x, -square, tf.ones_like(square)], -1)
    return x


def item_as_query(embeddings: tf.Tensor, similarity: Similarity) -> tf.Tensor:
    """From an item's `candidate_side` its `query_side`: [..., width] to [..., width] float32."""
    if similarity == "euclidean":
        x, minus_square, one = tf.split(embeddings, [embeddings.shape[-1] - 2, 1, 1], -1)
        return tf.concat([2.0 * x, one, minus_square], -1)
    return embeddings


def width(dim: int, similarity: Similarity) -> int:
    """How many numbers an embedding of `dim` dimensions takes."""
    return dim + 2 if similarity == "euclidean" else dim
