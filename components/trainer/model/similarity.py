"""Expresses each similarity as a dot product, so that loss, metric and index need no other."""

import tensorflow as tf

from schemas.model_settings import Similarity

_SMALLEST_SQUARE = 1e-12


def query_vector(x: tf.Tensor, similarity: Similarity) -> tf.Tensor:
    """Returns the query vector whose dot product with a `candidate_vector` is the similarity.

    Args:
      x: [..., dim] float32.
      similarity: `dot` returns x. `cosine` normalises x to length 1. `euclidean` is minus the
        squared distance, and adds two dimensions (Bachrach et al., 2014, "Speeding Up the Xbox
        Recommender System Using a Euclidean Transformation for Inner-Product Spaces", in the
        opposite direction).

    Returns:
      [..., dim] float32, for `euclidean` [..., dim + 2].
    """
    if similarity == "cosine":
        return tf.nn.l2_normalize(x, -1, _SMALLEST_SQUARE)
    if similarity == "euclidean":
        square = tf.reduce_sum(x * x, -1, keepdims=True)
        return tf.concat([2.0 * x, tf.ones_like(square), -square], -1)
    return x


def candidate_vector(x: tf.Tensor, similarity: Similarity) -> tf.Tensor:
    """Returns the candidate vector; arguments and shapes are those of `query_vector`."""
    if similarity == "cosine":
        return tf.nn.l2_normalize(x, -1, _SMALLEST_SQUARE)
    if similarity == "euclidean":
        square = tf.reduce_sum(x * x, -1, keepdims=True)
        return tf.concat([x, -square, tf.ones_like(square)], -1)
    return x


def candidate_to_query(embeddings: tf.Tensor, similarity: Similarity) -> tf.Tensor:
    """Converts the `candidate_vector` of x to its `query_vector`: [..., width] float32 both."""
    if similarity == "euclidean":
        x, minus_square, one = tf.split(embeddings, [embeddings.shape[-1] - 2, 1, 1], -1)
        return tf.concat([2.0 * x, one, minus_square], -1)
    return embeddings


def vector_width(dim: int, similarity: Similarity) -> int:
    """Returns the size of the vectors for embeddings of `dim` dimensions."""
    return dim + 2 if similarity == "euclidean" else dim
