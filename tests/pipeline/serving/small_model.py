"""A SavedModel with the signatures of pushed models and answers that are easy to predict.

The score of each item is the mark of the model plus the number of ids in the history. It loads in
milliseconds, because it has no towers and no index.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.indexer.model.warmup import Request, write_requests
from schemas import serving
from schemas.bundle import WARMUP_FILE

K = 4
MAX_K = 6
# A row of a request for `serving_default`.
ROW = {"user_id": "user1", "history_item_id": ["item1", "item2"]}

_TEXTS = tf.TensorSpec([None], tf.string)
_LISTS = tf.TensorSpec([None, None], tf.string)


class SmallModel(tf.Module):
    """Implements every signature with few operations."""

    def __init__(self, mark: float):
        super().__init__()
        self.mark = tf.Variable(mark, trainable=False)

    def answer(self, history: tf.Tensor, k: tf.Tensor, width: Any) -> dict[str, tf.Tensor]:
        """Returns k items for each row, padded to `width`."""
        length = tf.reduce_sum(tf.cast(history != "", tf.float32), axis=1)
        ranks = tf.range(width)[tf.newaxis]
        is_item = ranks < k[:, tf.newaxis]
        item = tf.where(is_item, tf.strings.join(["item", tf.strings.as_string(ranks)]), "")
        score = tf.where(is_item, (self.mark + length)[:, tf.newaxis], serving.PADDING_SCORE)
        return {serving.OUTPUT_ITEM_ID: item, serving.OUTPUT_SCORE: score}

    @tf.function(input_signature=[_TEXTS, _LISTS])
    def default(self, user_id: tf.Tensor, history_item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.answer(history_item_id, tf.fill(tf.shape(user_id), K), K)

    @tf.function(
        input_signature=[
            _TEXTS,
            _LISTS,
            tf.TensorSpec([None, None], tf.float32),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    def recommend(
        self,
        user_id: tf.Tensor,
        history_item_id: tf.Tensor,
        history_value: tf.Tensor,
        request_timestamp: tf.Tensor,
        k: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        lengths = tf.debugging.assert_less(tf.shape(history_item_id)[1], 100, "too long")
        with tf.control_dependencies([lengths]):
            k = tf.minimum(tf.where(k < 0, K, k), MAX_K)
        return self.answer(history_item_id, k, tf.reduce_max(k))

    @tf.function(input_signature=[_TEXTS])
    def examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = tf.io.parse_example(examples, {"history_item_id": tf.io.VarLenFeature(tf.string)})
        history = tf.sparse.to_dense(ids["history_item_id"])
        return self.answer(history, tf.fill(tf.shape(examples), 2), 2)

    @tf.function(input_signature=[_TEXTS])
    def similar(self, item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.answer(item_id[:, tf.newaxis], tf.fill(tf.shape(item_id), K), K)

    @tf.function(input_signature=[_TEXTS, _LISTS])
    def query(self, user_id: tf.Tensor, history_item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        length = tf.reduce_sum(tf.cast(history_item_id != "", tf.float32), axis=1)
        return {serving.OUTPUT_EMBEDDING: tf.stack([length, length + self.mark], axis=1)}

    @tf.function(input_signature=[_TEXTS, tf.TensorSpec([None], tf.float32)])
    def candidate(self, item_id: tf.Tensor, price: tf.Tensor) -> dict[str, tf.Tensor]:
        return {serving.OUTPUT_EMBEDDING: tf.stack([price, price + self.mark], axis=1)}


def save(folder: Path, mark: float, leave_out: str = "") -> Path:
    """Saves a small model with its warm-up requests, and returns its folder.

    Args:
      folder: Folder to write.
      mark: A number that distinguishes the model from others.
      leave_out: A signature to leave out.
    """
    model = SmallModel(mark)
    signatures = {
        serving.DEFAULT: model.default,
        serving.RECOMMEND: model.recommend,
        serving.RECOMMEND_EXAMPLES: model.examples,
        serving.SIMILAR_ITEMS: model.similar,
        serving.QUERY_EMBEDDING: model.query,
        serving.CANDIDATE_EMBEDDING: model.candidate,
    }
    signatures.pop(leave_out, None)
    tf.saved_model.save(model, str(folder), signatures=signatures)
    write_requests(os.path.join(folder, WARMUP_FILE), requests())
    return folder


def requests() -> list[Request]:
    """Returns requests for every signature, of one row and of two."""
    return [request for rows in (1, 2) for request in _requests_of(rows)]


def _requests_of(rows: int) -> list[Request]:
    users = texts([f"user{row}" for row in range(rows)])
    history = texts([["item1", "", "item7"]] * rows)
    query = {"user_id": users, "history_item_id": history}
    recommend = {
        **query,
        "history_value": np.array([[np.nan, 1.5, -2.0]] * rows, np.float32),
        "request_timestamp": np.array([2**40 + row for row in range(rows)]),
        "k": np.array([3 + row for row in range(rows)], np.int32),
    }
    example = tf.train.Example()
    example.features.feature["history_item_id"].bytes_list.value.append(b"item1")
    return [
        (serving.DEFAULT, query),
        (serving.RECOMMEND, recommend),
        (serving.RECOMMEND_EXAMPLES, {"examples": texts([example.SerializeToString()] * rows)}),
        (serving.SIMILAR_ITEMS, {"item_id": users}),
        (serving.QUERY_EMBEDDING, query),
        (
            serving.CANDIDATE_EMBEDDING,
            {"item_id": users, "price": np.array([1.25] * rows, np.float32)},
        ),
    ]


def texts(values: Any) -> Any:
    """Returns nested lists of texts or bytes as an object array of bytes."""
    array = np.array(values, object)
    encoded = [value.encode() if isinstance(value, str) else value for value in array.ravel()]
    result = np.empty(array.size, object)
    result[:] = encoded
    return result.reshape(array.shape)
