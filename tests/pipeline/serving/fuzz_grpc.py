"""Damaged gRPC requests to a server, made from valid ones with a seeded generator."""

import random
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf
from google.protobuf.message import Message
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

from tests.pipeline.serving.fuzz_http import damaged
from tests.pipeline.serving.predict_requests import predict_request
from tests.pipeline.serving.small_model import requests

PREDICTION = "/tensorflow.serving.PredictionService/"
MODEL = "/tensorflow.serving.ModelService/"
_METHODS = (
    *(PREDICTION + name for name in ("Classify", "Regress", "MultiInference", "GetModelMetadata")),
    *(MODEL + name for name in ("GetModelStatus", "HandleReloadConfigRequest")),
    *(PREDICTION + name for name in ("Predict", "X")),
    "/grpc.health.v1.Health/Check",
    "/x/y",
)
_SIZES = (-(2**63), -1, 0, 1, 2, 3, 7, 9, 100, 121, 2**31, 2**40, 2**62, 2**63 - 1)
_NAMES = ("", "x", "shop", "user_id", "k", "../..", "\x00", "\u00e9", "n" * 12_000)
_DTYPES = (0, 1, 3, 7, 9, 20, 21, 22, 26, 101, 107, 999, -1)
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class GrpcCase(NamedTuple):
    """A call: how it was made, its method, and the bytes of its message."""

    kind: str
    method: str
    message: bytes


def grpc_cases(seed: int, number: int, body_bytes: int) -> Iterator[GrpcCase]:
    """Yields damaged calls.

    Args:
      seed: Seed of the generator.
      number: Number of calls.
      body_bytes: The largest message that the server accepts.
    """
    rng = random.Random(seed)
    makers = [_changed_tensor, _changed_message, _damaged_bytes, _other_method]
    for _ in range(number):
        if rng.random() < 0.02:
            request = valid_request(rng)
            request.model_spec.signature_name = "x" * (body_bytes + rng.randint(-200, 200))
            yield GrpcCase("large", PREDICTION + "Predict", request.SerializeToString())
        else:
            yield rng.choices(makers, [6, 3, 3, 2])[0](rng)


def valid_request(rng: random.Random) -> predict_pb2.PredictRequest:
    """Returns a predict request that the server answers."""
    return predict_request(*rng.choice(requests()))


def send_frames(port: int, rng: random.Random) -> None:
    """Opens an HTTP/2 connection, sends damaged frames, and leaves."""
    frames = [
        _frame(rng.choice([0, 1, 2, 3, 4, 6, 7, 8, 9, 255]), rng)
        for _ in range(rng.randint(1, 5))
    ]  # fmt: skip
    data = rng.choice([_PREFACE, _PREFACE, b"", _PREFACE[:9]]) + _frame(4, rng, b"")
    data += b"".join(frames)
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        try:
            connection.sendall(data[: rng.choice([len(data), rng.randrange(len(data))])])
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass


def _frame(kind: int, rng: random.Random, content: bytes | None = None) -> bytes:
    """Returns an HTTP/2 frame, whose length and content may disagree."""
    body = rng.randbytes(rng.randint(0, 60)) if content is None else content
    length = len(body) if content is not None else rng.choice([len(body), 0, 9, 2**24 - 1])
    flags, stream = rng.randrange(256) if content is None else 0, rng.choice([0, 1, 2, 2**31])
    stream = 0 if content is not None else stream
    return length.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def _changed_tensor(rng: random.Random) -> GrpcCase:
    """A request one of whose tensors contradicts itself or the signature."""
    request = valid_request(rng)
    done = []
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(sorted(request.inputs) or ["x"])
        done.append(f"{name}: {_change_tensor(rng, request.inputs[name])}")
    return _predict(f"tensor {done}", request)


def _change_tensor(rng: random.Random, tensor: Any) -> str:
    change = rng.randrange(9)
    dims = tensor.tensor_shape.dim
    if change == 0 and dims:
        rng.choice(dims).size = rng.choice(_SIZES)
    elif change == 1:
        for _ in range(rng.choice([1, 2, 40, 300])):
            dims.add(size=rng.choice(_SIZES))
    elif change == 2 and dims:
        del dims[-1]
    elif change == 3:
        tensor.dtype = rng.choice(_DTYPES)
    elif change == 4:
        tensor.tensor_content = rng.randbytes(rng.choice([0, 1, 4, 7, 8, 64]))
    elif change == 5:
        tensor.ClearField("string_val")
        tensor.ClearField("tensor_content")
    elif change == 6:
        tensor.string_val.extend([b"\xff\x00"] * rng.choice([1, 3, 300]))
    elif change == 7:
        field = rng.choice(["int_val", "float_val", "int64_val", "bool_val", "half_val"])
        getattr(tensor, field).extend([1] * rng.choice([1, 3, 300]))
    else:
        tensor.tensor_shape.unknown_rank = True
    return f"change {change}, {str(tensor)[:120]!r}"


def _changed_message(rng: random.Random) -> GrpcCase:
    """A request with other names, versions, labels, filters or inputs."""
    request = valid_request(rng)
    spec = request.model_spec
    change = rng.randrange(9)
    if change == 0:
        spec.name = rng.choice(_NAMES)
    elif change == 1:
        spec.signature_name = rng.choice(_NAMES)
    elif change == 2:
        spec.version.value = rng.choice(_SIZES)
    elif change == 3:
        spec.version_label = rng.choice(_NAMES)
    elif change == 4:
        request.output_filter.extend(rng.choices(_NAMES, k=3))
    elif change == 5:
        request.ClearField(rng.choice(["model_spec", "inputs"]))
    elif change == 6:
        request.inputs[rng.choice(_NAMES)].CopyFrom(tf.make_tensor_proto([1]))
    elif change == 7:
        del request.inputs[rng.choice(sorted(request.inputs))]
    else:
        rows = rng.choice([0, 9, 600])
        for name in request.inputs:
            request.inputs[name].tensor_shape.dim[0].size = rows
    return _predict(f"message, change {change}", request)


def _damaged_bytes(rng: random.Random) -> GrpcCase:
    content = valid_request(rng).SerializeToString()
    content = damaged(rng, content) if rng.random() < 0.8 else rng.randbytes(rng.randint(0, 300))
    return GrpcCase(f"bytes {content[:200]!r}", PREDICTION + "Predict", content)


def _other_method(rng: random.Random) -> GrpcCase:
    """Any method with a message of the right or another type, whole or damaged."""
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = rng.choice(_NAMES)
    status.model_spec.version.value = rng.choice(_SIZES)
    metadata = get_model_metadata_pb2.GetModelMetadataRequest()
    metadata.model_spec.name = rng.choice(["shop", *_NAMES])
    metadata.metadata_field.append(rng.choice(["signature_def", *_NAMES]))
    message: Message = rng.choice([status, metadata, valid_request(rng)])
    content = message.SerializeToString()
    if rng.random() < 0.3:
        content = damaged(rng, content)
    return GrpcCase(f"method with {content[:100]!r}", rng.choice(_METHODS), content)


def _predict(kind: str, request: predict_pb2.PredictRequest) -> GrpcCase:
    return GrpcCase(kind, PREDICTION + "Predict", request.SerializeToString())
