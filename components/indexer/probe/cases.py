"""Requests with the answers that training gives, for the probe to replay.

Kept as TF Serving logs traffic: PredictionLogs of request and response.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.indexer.model.warmup import Request, prediction_log, request_of
from components.parity.compare import Compared, compare
from components.parity.sample import Answer


@dataclass(frozen=True)
class Case:
    """A request, and what training answers to it."""

    request: Request
    trained: Answer


def write_cases(path: str, cases: Iterable[Case]) -> None:
    """Writes cases; none make an empty file."""
    with tf.io.TFRecordWriter(path) as writer:
        for case in cases:
            log = prediction_log(case.request)
            for name, values in case.trained.items():
                log.predict_log.response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
            writer.write(log.SerializeToString())


def read_cases(path: str) -> Iterator[Case]:
    """Reads what `write_cases` wrote."""
    for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        outputs = log.predict_log.response.outputs.items()
        trained = {name: tf.make_ndarray(proto) for name, proto in outputs}
        yield Case(request_of(log), trained)


def replay(
    serve: Callable[[str, dict[str, np.ndarray]], dict[str, Any]], cases: Iterable[Case]
) -> dict[str, Compared]:
    """Sends every request, and compares the answers signature by signature."""
    served: dict[str, list[Answer]] = {}
    trained: dict[str, list[Answer]] = {}
    for case in cases:
        signature, inputs = case.request
        served.setdefault(signature, []).append(serve(signature, inputs))
        trained.setdefault(signature, []).append(case.trained)
    return {
        signature: compare(_joined(served[signature]), _joined(trained[signature]))
        for signature in served
    }


def _joined(answers: list[Answer]) -> Answer:
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
