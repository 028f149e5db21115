"""gRPC calls that the server or the model does not accept."""

from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_management_pb2

from tests.pipeline.serving.predict_requests import predict_request
from tests.pipeline.serving.running_server import RunningServer
from tests.pipeline.serving.small_model import requests, texts


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda r: r.model_spec.ClearField("name"), "INVALID_ARGUMENT", "has no name specified"),
        (lambda r: setattr(r.model_spec, "name", "x"), "NOT_FOUND", r"Latest\(x\)"),
        (
            lambda r: setattr(r.model_spec, "signature_name", "f"),
            "FAILED_PRECONDITION",
            'signature key "f" not found',
        ),
        (lambda r: r.output_filter.append("x"), "INVALID_ARGUMENT", "alias not found in signature"),
        (lambda r: r.output_filter.extend(["score"] * 2), "INVALID_ARGUMENT", "duplicate output"),
        (lambda r: r.inputs.pop("user_id"), "INVALID_ARGUMENT", "Missing but required: {user_id}"),
        (
            lambda r: r.inputs["user_id"].CopyFrom(tf.make_tensor_proto([1])),
            "INVALID_ARGUMENT",
            r"arg\[user_id\] to be string but int32 is provided",
        ),
        (
            lambda r: setattr(r.inputs["user_id"].tensor_shape.dim[0], "size", 2**40),
            "INVALID_ARGUMENT",
            "1099511627776 rows, but this server accepts 8",
        ),
        (
            lambda r: setattr(r.inputs["user_id"].tensor_shape.dim[0], "size", -1),
            "INVALID_ARGUMENT",
            "must be known",
        ),
        (lambda r: setattr(r.model_spec, "name", "\U0001f600" * 4000), "NOT_FOUND", "Latest"),
        (lambda r: r.inputs["x" * 9000].Clear(), "INVALID_ARGUMENT", "does not match signature"),
    ],
)
def test_an_error_is_the_status_of_the_call(
    server: RunningServer, change: Any, code: str, message: str
) -> None:
    request = predict_request(*requests()[0])
    change(request)
    with pytest.raises(grpc.RpcError, match=message) as caught:
        server.predictions.Predict(request)
    assert caught.value.code().name == code


@pytest.mark.parametrize("content", [b"\x80", b"\x0a\x05\x0a\x03\xff\xff\xff"], ids=["cut", "text"])
@pytest.mark.parametrize(
    "method",
    [
        "tensorflow.serving.PredictionService/Predict",
        "tensorflow.serving.ModelService/GetModelStatus",
        "grpc.health.v1.Health/Check",
        "grpc.health.v1.Health/Watch",
    ],
    ids=["predict", "status", "check", "watch"],
)
def test_bytes_that_are_no_message_are_an_error_of_the_call(
    server: RunningServer, caplog: pytest.LogCaptureFixture, method: str, content: bytes
) -> None:
    with pytest.raises(grpc.RpcError, match="the message cannot be parsed") as caught:
        server.channel.unary_unary(f"/{method}")(content)
    assert caught.value.code().name == "INVALID_ARGUMENT"
    assert not caplog.records


def test_an_error_that_quotes_bytes_of_the_request_is_its_error(server: RunningServer) -> None:
    inputs = {"examples": texts([b"\xff\x00"])}
    with pytest.raises(grpc.RpcError, match="Could not parse example input") as caught:
        server.predictions.Predict(predict_request("recommend_examples", inputs))
    assert caught.value.code().name == "INVALID_ARGUMENT"


def test_a_reload_is_not_implemented(server: RunningServer) -> None:
    with pytest.raises(grpc.RpcError, match=r"models\.config"):
        server.models.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest())
