"""The parity sample: requests and items with the outputs of the training code, and its file."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from components import files
from schemas.bundle import PARITY_FILE

FINGERPRINT_BYTES = 16

_OUTPUTS_PREFIX = "answer"
_SEPARATOR = "/"

# The outputs of one signature by name, e.g. `embedding`, or `item_id` and `score`.
SignatureOutputs = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class ParitySample:
    """Queries and items with the outputs that the training code computes for them.

    Transform replaces user ids by vocabulary indices, so the sample identifies a query's window by
    a hash of its item ids and timestamps, columns that Transform passes through.

    Attributes:
      split: The split that contains the windows.
      window: [num_queries] bytes, the fingerprint of each query's window.
      num_events: [num_queries] int64, the number of events in that window.
      last_s: [num_queries] int64, the time of its last event, seconds since the epoch, UTC.
      position: [num_queries] int64, the event of the window before which the query is made.
      item_id: [num_items] bytes, the inputs of `candidate_embedding` and `similar_items`.
      outputs: For each signature of `schemas.serving`, its outputs for the queries or the items.
        Lists have LIST_LENGTH places; unfilled places hold "" and the lowest score.
    """

    split: str
    window: npt.NDArray[np.object_]
    num_events: npt.NDArray[np.int64]
    last_s: npt.NDArray[np.int64]
    position: npt.NDArray[np.int64]
    item_id: npt.NDArray[np.object_]
    outputs: Mapping[str, SignatureOutputs]

    def __len__(self) -> int:
        return len(self.position)

    def outputs_of(
        self, signature: str, rows: npt.NDArray[np.int64] | slice
    ) -> dict[str, npt.NDArray[Any]]:
        """The outputs of a signature for the given rows of its queries or items."""
        return {output: values[rows] for output, values in self.outputs[signature].items()}


def window_fingerprint(
    item_id: npt.NDArray[np.object_], timestamp_s: npt.NDArray[np.int64]
) -> bytes:
    """Hashes the items and timestamps of a window.

    Args:
      item_id: [num_events] bytes.
      timestamp_s: [num_events] int64, seconds since the epoch, UTC.

    Returns:
      FINGERPRINT_BYTES bytes, a BLAKE2b digest.
    """
    digest = hashlib.blake2b(timestamp_s.astype("<i8").tobytes(), digest_size=FINGERPRINT_BYTES)
    for item in item_id:
        digest.update(len(item).to_bytes(4, "little"))
        digest.update(item)
    return digest.digest()


def write_sample(model_path: str, sample: ParitySample) -> None:
    """Writes the sample into the folder of the SavedModel at `model_path`."""
    path = os.path.join(model_path, PARITY_FILE)
    files.make_folder(os.path.dirname(path))
    arrays = {name: getattr(sample, name) for name in _columns()}
    for signature, outputs in sample.outputs.items():
        for output, values in outputs.items():
            arrays[_SEPARATOR.join((_OUTPUTS_PREFIX, signature, output))] = values
    example = tf.train.Example()
    for name, values in arrays.items():
        tensor = tf.make_tensor_proto(values).SerializeToString()
        example.features.feature[name].bytes_list.value.append(tensor)
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(example.SerializeToString())


def read_sample(model_path: str) -> ParitySample | None:
    """Reads the sample of the SavedModel at `model_path`; None if it has no sample."""
    path = os.path.join(model_path, PARITY_FILE)
    if not files.exists(path):
        return None
    (record,) = tf.data.TFRecordDataset(path).as_numpy_iterator()
    arrays = {
        name: tf.make_ndarray(tensor_pb2.TensorProto.FromString(feature.bytes_list.value[0]))
        for name, feature in tf.train.Example.FromString(record).features.feature.items()
    }
    outputs: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for name in sorted(set(arrays) - set(_columns())):
        _, signature, output = name.split(_SEPARATOR)
        outputs.setdefault(signature, {})[output] = arrays[name]
    columns = {name: arrays[name] for name in _columns()}
    columns["split"] = columns["split"].item().decode()
    return ParitySample(**columns, outputs=outputs)


def _columns() -> list[str]:
    return [field.name for field in fields(ParitySample) if field.name != "outputs"]
