"""Requests as TF Serving records them: PredictionLogs that it replays when a version is loaded.

https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

import os
from collections.abc import Iterable, Iterator

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

MODEL_NAME = "twotower"

Request = tuple[str, dict[str, np.ndarray]]


def write_requests(path: str, requests: Iterable[Request]) -> None:
    """Writes (signature, inputs) pairs; strings are object arrays of bytes."""
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for request in requests:
            writer.write(prediction_log(request).SerializeToString())


def read_requests(path: str) -> Iterator[Request]:
    """Reads what `write_requests` wrote."""
    for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
        yield request_of(prediction_log_pb2.PredictionLog.FromString(record))


def prediction_log(request: Request) -> prediction_log_pb2.PredictionLog:
    """The request as TF Serving logs it, without a response."""
    signature, inputs = request
    log = prediction_log_pb2.PredictionLog()
    logged = log.predict_log.request
    logged.model_spec.name = MODEL_NAME
    logged.model_spec.signature_name = signature
    for name, values in inputs.items():
        logged.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    return log


def request_of(log: prediction_log_pb2.PredictionLog) -> Request:
    """The request of a log."""
    logged = log.predict_log.request
    inputs = {name: tf.make_ndarray(proto) for name, proto in logged.inputs.items()}
    return logged.model_spec.signature_name, inputs
