"""Fake towers: items have fixed vectors, and queries are sums of item vectors."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from schemas import serving, serving_specs
from schemas.features import AS_OF, ITEM_ID, USER_ID, FeatureTable


class FakeTowers(tf.Module):
    """A model with the signatures of the trained towers.

    Unknown items have the zero vector. A query is the sum of the vectors of its known history items
    and of a fixed vector that is selected by the hash of the user id.
    """

    def __init__(self, item_id: list[str], embedding: npt.NDArray[np.float32], table: FeatureTable):
        super().__init__()
        dim = embedding.shape[1]
        self.vectors = tf.Variable(
            np.concatenate([embedding, np.zeros((1, dim))]).astype(np.float32), trainable=False
        )
        self.users = tf.Variable(user_vectors(dim), trainable=False)
        self.row = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(item_id), tf.range(len(item_id), dtype=tf.int64)
            ),
            default_value=len(item_id),
        )
        self.table = table

    def query(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        history = tf.gather(self.vectors, self.row.lookup(inputs[serving.HISTORY_ITEM_ID]))
        user = tf.strings.to_hash_bucket_fast(inputs[USER_ID], 100)
        embedding = tf.reduce_sum(history, axis=1) + tf.gather(self.users, user)
        return {serving.OUTPUT_EMBEDDING: embedding}

    def candidate(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        known = tf.gather(self.vectors, self.row.lookup(inputs[ITEM_ID]))
        return {serving.OUTPUT_EMBEDDING: known}

    def candidate_as_of(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**self.candidate(**inputs), AS_OF: inputs[AS_OF]}

    def item_query(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {serving.OUTPUT_EMBEDDING: item_queries(inputs[serving.OUTPUT_EMBEDDING])}

    def save(self, path: str) -> None:
        signatures: dict[str, Any] = {
            serving.QUERY_EMBEDDING: tf.function(self.query).get_concrete_function(
                **serving_specs.query_specs(self.table)
            ),
            serving.CANDIDATE_EMBEDDING: tf.function(self.candidate).get_concrete_function(
                **serving_specs.candidate_specs(self.table)
            ),
            serving.CANDIDATE_EMBEDDING_AS_OF: tf.function(
                self.candidate_as_of
            ).get_concrete_function(**serving_specs.candidate_as_of_specs(self.table)),
            serving.ITEM_QUERY: tf.function(self.item_query).get_concrete_function(
                **serving_specs.item_query_specs(self.vectors.shape[1])
            ),
        }
        tf.saved_model.save(self, path, signatures=signatures)


def item_queries(vectors: Any) -> Any:
    """Returns similar-items queries for [num_items, dim] vectors, without the first dimension."""
    return vectors * np.array([0.0, *[1.0] * (vectors.shape[1] - 1)], np.float32)


def user_vectors(dim: int) -> npt.NDArray[np.float32]:
    """Returns one vector for each bucket of user ids, [100, dim] float32."""
    return np.random.default_rng(1).normal(size=(100, dim)).astype(np.float32)


def item_vectors(num_items: int, dim: int) -> npt.NDArray[np.float32]:
    """Returns random item vectors, [num_items, dim] float32."""
    return np.random.default_rng(2).normal(size=(num_items, dim)).astype(np.float32)
