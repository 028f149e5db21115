"""Warm-up requests: PredictionLogs that TF Serving replays when it loads a version.

https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy.typing as npt
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components import files

MODEL_NAME = "twotower"

# A signature and its inputs; strings are object arrays of bytes.
Request = tuple[str, dict[str, npt.NDArray[Any]]]


def write_requests(path: str, requests: Iterable[Request]) -> None:
    """Writes requests to a TFRecord file of PredictionLogs."""
    files.make_folder(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for request in requests:
            writer.write(prediction_log(request).SerializeToString())


def read_requests(path: str) -> Iterator[Request]:
    """Yields the requests of a file that `write_requests` wrote."""
    for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
        yield logged_request(prediction_log_pb2.PredictionLog.FromString(record))


def prediction_log(request: Request) -> prediction_log_pb2.PredictionLog:
    """Returns the PredictionLog of a request, without a response."""
    signature, inputs = request
    log = prediction_log_pb2.PredictionLog()
    logged = log.predict_log.request
    logged.model_spec.name = MODEL_NAME
    logged.model_spec.signature_name = signature
    for name, values in inputs.items():
        logged.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    return log


def logged_request(log: prediction_log_pb2.PredictionLog) -> Request:
    """Returns the request of a PredictionLog."""
    logged = log.predict_log.request
    inputs = {name: tf.make_ndarray(proto) for name, proto in logged.inputs.items()}
    return logged.model_spec.signature_name, inputs
