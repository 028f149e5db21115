"""Requests with the outputs that training computes, which the probe replays.

The cases are stored as PredictionLogs of request and response, the log format of TF Serving.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.indexer.model.warmup import Request, logged_request, prediction_log
from components.parity.compare import OutputDifference, compare_outputs
from components.parity.sample_file import SignatureOutputs


@dataclass(frozen=True)
class ParityCase:
    """A request and its expected outputs.

    Attributes:
      request: The signature and its inputs.
      trained: The outputs that training computes for the request.
    """

    request: Request
    trained: SignatureOutputs


def write_cases(path: str, cases: Iterable[ParityCase]) -> None:
    """Writes the cases to a TFRecord file, which is empty without cases."""
    with tf.io.TFRecordWriter(path) as writer:
        for case in cases:
            log = prediction_log(case.request)
            for name, values in case.trained.items():
                log.predict_log.response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
            writer.write(log.SerializeToString())


def read_cases(path: str) -> Iterator[ParityCase]:
    """Yields the cases of a file that `write_cases` wrote."""
    for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        outputs = log.predict_log.response.outputs.items()
        trained = {name: tf.make_ndarray(proto) for name, proto in outputs}
        yield ParityCase(logged_request(log), trained)


def replay_cases(
    serve: Callable[[str, dict[str, npt.NDArray[Any]]], dict[str, Any]],
    cases: Iterable[ParityCase],
) -> dict[str, OutputDifference]:
    """Sends every request and compares the outputs with those of training.

    Args:
      serve: Takes a signature and its inputs, and returns the outputs.
      cases: The requests and expected outputs.

    Returns:
      The difference of each signature.
    """
    served: dict[str, list[SignatureOutputs]] = {}
    trained: dict[str, list[SignatureOutputs]] = {}
    for case in cases:
        signature, inputs = case.request
        served.setdefault(signature, []).append(serve(signature, inputs))
        trained.setdefault(signature, []).append(case.trained)
    return {
        signature: compare_outputs(
            _concatenated(served[signature]), _concatenated(trained[signature])
        )
        for signature in served
    }


def _concatenated(outputs: list[SignatureOutputs]) -> SignatureOutputs:
    return {name: np.concatenate([output[name] for output in outputs]) for name in outputs[0]}
