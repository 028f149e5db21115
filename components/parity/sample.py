"""A few queries and items with what training answers to them, kept beside the model."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from schemas.bundle import PARITY_FILE

# TF Serving ignores what lies in this folder of a SavedModel.
FINGERPRINT_BYTES = 16

_ANSWER = "answer"
_SEPARATOR = "/"

Answer = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ParitySample:
    """Queries and items, and the answers that the training path computes in memory.

    Transform leaves of a user only an index, so a query's window is known by its items and times,
    which pass through.

    Attributes:
      split: The split that the windows stand in.
      window: [num_queries] bytes, the fingerprint of each query's window.
      num_events: [num_queries] int64, events of that window.
      last_s: [num_queries] int64 seconds UTC, the time of its last event.
      position: [num_queries] int64: the query is taken just before this event of its window.
      item_id: [num_items] bytes: what `candidate_embedding` and `similar_items` are asked.
      answers: By signature of `schemas.serving`, its outputs for the queries or for the items.
        Lists have LIST_LENGTH places, "" and the lowest score where no item is left.
    """

    split: str
    window: np.ndarray
    num_events: np.ndarray
    last_s: np.ndarray
    position: np.ndarray
    item_id: np.ndarray
    answers: Mapping[str, Answer]

    def __len__(self) -> int:
        return len(self.position)

    def answer_of(self, signature: str, rows: np.ndarray | slice) -> dict[str, np.ndarray]:
        """The answer of a signature to some of the queries, or of the items."""
        return {output: values[rows] for output, values in self.answers[signature].items()}


def fingerprint(item_id: np.ndarray, timestamp_s: np.ndarray) -> bytes:
    """Tells windows of other items or times apart.

    Args:
      item_id: [num_events] bytes.
      timestamp_s: [num_events] int64.

    Returns:
      FINGERPRINT_BYTES bytes.
    """
    digest = hashlib.blake2b(timestamp_s.astype("<i8").tobytes(), digest_size=FINGERPRINT_BYTES)
    for item in item_id:
        digest.update(len(item).to_bytes(4, "little"))
        digest.update(item)
    return digest.digest()


def write_sample(model_path: str, sample: ParitySample) -> None:
    """Writes the sample into the SavedModel's folder."""
    path = os.path.join(model_path, PARITY_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    arrays = {name: getattr(sample, name) for name in _columns()}
    for signature, answer in sample.answers.items():
        for output, values in answer.items():
            arrays[_SEPARATOR.join((_ANSWER, signature, output))] = values
    example = tf.train.Example()
    for name, values in arrays.items():
        tensor = tf.make_tensor_proto(values).SerializeToString()
        example.features.feature[name].bytes_list.value.append(tensor)
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(example.SerializeToString())


def read_sample(model_path: str) -> ParitySample | None:
    """Reads the sample of a SavedModel; None where its trainer wrote none."""
    path = os.path.join(model_path, PARITY_FILE)
    if not tf.io.gfile.exists(path):
        return None
    (record,) = tf.data.TFRecordDataset(path).as_numpy_iterator()
    arrays = {
        name: tf.make_ndarray(tensor_pb2.TensorProto.FromString(feature.bytes_list.value[0]))
        for name, feature in tf.train.Example.FromString(record).features.feature.items()
    }
    answers: dict[str, dict[str, np.ndarray]] = {}
    for name in sorted(set(arrays) - set(_columns())):
        _, signature, output = name.split(_SEPARATOR)
        answers.setdefault(signature, {})[output] = arrays[name]
    columns = {name: arrays[name] for name in _columns()}
    columns["split"] = columns["split"].item().decode()
    return ParitySample(**columns, answers=answers)


def _columns() -> list[str]:
    return [field.name for field in fields(ParitySample) if field.name != "answers"]
