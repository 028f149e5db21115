"""The server over both of its interfaces, with small models."""

import asyncio
import base64
import json
import shutil
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    predict_pb2,
)

from components.indexer.probe.served_model import ServedModel
from pipeline.commands.recommend import open_model
from pipeline.serving.limits import Limits
from pipeline.serving.model_source import find_model
from pipeline.serving.run_server import ModelServer, ServerSettings
from pipeline.serving.servable import Servable
from schemas import serving
from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError
from tests.pipeline.serving.fuzz_http import HttpCase, exchange, post
from tests.pipeline.serving.running_server import (
    RunningServer,
    fetch,
    running_server,
    two_versions,
)
from tests.pipeline.serving.small_model import ROW, requests, texts


@pytest.fixture(scope="module")
def server(
    models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("served")
    with two_versions(models, folder, body_bytes=20_000, rows=8, list_length=120) as run:
        yield run


def json_values(values: Any) -> Any:
    """Returns an array as JSON values, bytes in base64."""
    if values.dtype == object:
        flat = np.empty(values.size, object)
        flat[:] = [{"b64": base64.b64encode(value).decode()} for value in values.ravel()]
        return flat.reshape(values.shape).tolist()
    return values.tolist()


def by_column(name: str, inputs: dict[str, Any]) -> Any:
    columns = {key: json_values(values) for key, values in inputs.items()}
    return {"signature_name": name, "inputs": columns}


def by_row(name: str, inputs: dict[str, Any]) -> Any:
    columns = by_column(name, inputs)["inputs"]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {"signature_name": name, "instances": rows}


def check_equal(found: Any, expected: Any) -> None:
    values = np.array(found)
    if expected.dtype == object:
        values = texts(values)
    np.testing.assert_array_equal(values.astype(expected.dtype), expected)


@pytest.mark.parametrize(("name", "inputs"), requests())
def test_both_interfaces_answer_like_the_session(
    server: RunningServer, models: dict[str, Path], name: str, inputs: dict[str, Any]
) -> None:
    expected = ServedModel(str(models["b"]))(name, inputs)

    status, columns = server.predict(by_column(name, inputs))
    assert status == 200
    outputs = columns["outputs"]
    outputs = outputs if isinstance(outputs, dict) else {serving.OUTPUT_EMBEDDING: outputs}
    assert set(outputs) == set(expected)
    for key, values in expected.items():
        check_equal(outputs[key], values)

    _, rows = server.predict(by_row(name, inputs))
    for number, row in enumerate(rows["predictions"]):
        named = row if isinstance(row, dict) else {serving.OUTPUT_EMBEDDING: row}
        for key, values in expected.items():
            check_equal(named[key], values[number])

    answer = server.predictions.Predict(predict_request(name, inputs))
    assert (answer.model_spec.version.value, answer.model_spec.signature_name) == (2, name)
    for key, values in expected.items():
        np.testing.assert_array_equal(tf.make_ndarray(answer.outputs[key]), values)


def predict_request(name: str, inputs: dict[str, Any]) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "shop"
    request.model_spec.signature_name = name
    for key, values in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
    return request


@pytest.mark.parametrize(
    ("spec", "mark"),
    [("", 200), ("/versions/1", 100), ("/versions/2", 200), ("/labels/stable", 100)],
)
def test_a_version_is_chosen_by_number_or_label(
    server: RunningServer, spec: str, mark: int
) -> None:
    status, answer = server.predict({"instances": [ROW]}, spec)
    assert status == 200
    assert answer["predictions"][0]["score"] == [mark + 2] * 4


def test_the_status_of_versions(server: RunningServer) -> None:
    status, document = server.get("/v1/models/shop")
    ok = {"error_code": "OK", "error_message": ""}
    versions = [{"version": str(version), "state": "AVAILABLE", "status": ok} for version in (2, 1)]
    assert (status, document) == (200, {"model_version_status": versions})
    for spec in ("/versions/1", "/labels/stable"):
        assert server.get(f"/v1/models/shop{spec}")[1] == {"model_version_status": versions[1:]}

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "shop"
    answer = server.models.GetModelStatus(request)
    assert [(s.version, s.state) for s in answer.model_version_status] == [(2, 30), (1, 30)]


def test_the_metadata_of_a_version(server: RunningServer) -> None:
    _, document = server.get("/v1/models/shop/labels/stable/metadata")
    assert document["model_spec"] == {"name": "shop", "signature_name": "", "version": "1"}
    signatures = document["metadata"]["signature_def"]["signature_def"]
    assert set(serving.SIGNATURES) <= set(signatures)
    default = signatures["serving_default"]
    assert default["method_name"] == "tensorflow/serving/predict"
    history = default["inputs"]["history_item_id"]
    assert history["dtype"] == "DT_STRING"
    size = {"size": "-1", "name": ""}
    assert history["tensor_shape"] == {"dim": [size, size], "unknown_rank": False}

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "shop"
    answer = server.predictions.GetModelMetadata(request)
    definitions = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(definitions)
    assert answer.model_spec.version.value == 2
    assert set(definitions.signature_def) == set(signatures)


@pytest.mark.parametrize(
    ("path", "document", "status", "message"),
    [
        ("nope:predict", {"instances": [ROW]}, 404, "Servable not found for request: Latest(nope)"),
        ("shop/versions/3:predict", {"instances": [ROW]}, 404, "Specific(shop, 3)"),
        (
            "shop/labels/x:predict",
            {"instances": [ROW]},
            400,
            "Unrecognized servable version label: x",
        ),
        (
            "shop:predict",
            {"signature_name": "f", "inputs": 1},
            400,
            '"f" not found in signature def',
        ),
        ("shop:predict", {"instances": [{"user_id": "a"}]}, 400, "keys must be equal to"),
        ("shop:classify", {"examples": []}, 400, "Expected classification signature method_name"),
        ("shop:explain", {}, 400, "Malformed request: POST /v1/models/shop:explain"),
        ("shop:predict", {"instances": [ROW] * 9}, 400, "9 rows, but this server accepts 8 (rows)"),
        ("shop:predict", {"instances": [{**ROW, "user_id": ["a"]}]}, 400, "to have the shape [?]"),
        ("shop:predict", {"inputs": "x" * 30_000}, 413, "the body exceeds 20000 bytes"),
    ],
)
def test_an_error_has_the_status_and_message_of_tf_serving(
    server: RunningServer, path: str, document: Any, status: int, message: str
) -> None:
    found, answer = fetch(f"{server.url}/v1/models/{path}", json.dumps(document).encode())
    assert found == status
    assert set(answer) == {"error"}
    assert message in answer["error"]


@pytest.mark.parametrize(
    ("parts", "is_whole", "status"),
    [
        ((post(b"1", headers="Content-Encoding: gzip\r\n"),), True, 400),
        ((post(b"g\r\n", headers="Transfer-Encoding: chunked\r\n"),), True, 400),
        ((post(b"{}", headers="Content-Length: x\r\n"),), True, 400),
        ((post(b"", "shop:predict"),), True, 400),
        ((b"\x16\x03\x01",), True, 400),
        ((post(b"", "/v1/models/" + "x" * 9000),), True, 400),
        ((post(b"{", headers="Content-Length: 9\r\n"),), False, None),
        ((post(b"", headers="Expect: 100-continue\r\n"),), False, None),
    ],
    ids=[
        "compression",
        "chunk",
        "length",
        "path",
        "TLS",
        "long path",
        "client leaves",
        "client expects and leaves",
    ],
)
def test_a_damaged_http_request_is_no_fault_of_the_server(
    server: RunningServer,
    caplog: pytest.LogCaptureFixture,
    parts: tuple[bytes, ...],
    is_whole: bool,
    status: int | None,
) -> None:
    answer = exchange(server.server.rest_port, HttpCase("", parts, is_whole))
    if status is not None:
        assert answer.split()[1] == str(status).encode()
    assert server.predict({"instances": [ROW]})[0] == 200
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    "start", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["first", "second"]
)
def test_a_head_that_comes_byte_by_byte_ends_its_connection(
    models: dict[str, Path], start: bytes
) -> None:
    is_closed = False
    with (
        running_server(models["a"], limits=Limits(body_seconds=1)) as run,
        socket.create_connection(("127.0.0.1", run.server.rest_port)) as connection,
    ):
        connection.settimeout(0.1)
        connection.sendall(start + b"GET / HTTP/1.1\r\nX: ")
        # A server that does not close the connection would end the loop much later.
        for _ in range(300):
            try:
                is_closed = not connection.recv(1 << 16)
                connection.sendall(b"x")
            except TimeoutError:
                connection.sendall(b"x")
            except ConnectionError:
                is_closed = True
            if is_closed:
                break
    assert is_closed


def test_an_error_of_the_model_is_the_error_of_its_request(server: RunningServer) -> None:
    _, inputs = requests()[1]
    wide = {
        **inputs,
        "history_item_id": texts([["a"] * 110]),
        "history_value": np.zeros((1, 110), np.float32),
    }
    status, answer = server.predict(by_column("recommend", wide))
    assert status == 400
    assert "too long" in answer["error"]


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


def test_a_tensor_of_strings_without_values_has_empty_ones(server: RunningServer) -> None:
    request = predict_request(*requests()[0])
    request.inputs["history_item_id"].ClearField("string_val")
    answer = server.predictions.Predict(request)
    assert tf.make_ndarray(answer.outputs["score"])[0, 0] == 200


def test_outputs_are_filtered(server: RunningServer) -> None:
    request = predict_request(*requests()[0])
    request.output_filter.append("score")
    assert list(server.predictions.Predict(request).outputs) == ["score"]


def test_a_reload_is_not_implemented(server: RunningServer) -> None:
    with pytest.raises(grpc.RpcError, match=r"models\.config"):
        server.models.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest())


def test_health_and_metrics(server: RunningServer) -> None:
    server.predict({"instances": [ROW]})
    assert server.get("/healthz") == (200, {"status": "alive"})
    assert server.get("/readyz") == (200, {"status": "ready", "version": "2"})
    for path in ("/metrics", "/monitoring/prometheus/metrics"):
        with urllib.request.urlopen(server.url + path) as response:
            text = response.read().decode()
        assert 'twotower_requests_total{code="OK",interface="rest",method="predict"}' in text
        assert 'twotower_served_version{label="stable",version="1"} 1.0' in text
        assert 'twotower_batch_rows_count{signature="serving_default"}' in text


def test_a_model_of_another_tensorflow_is_an_error_that_names_it(
    models: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(models["a"], tmp_path / "7")
    file = folder / SAVED_MODEL_FILE
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    (graph,) = model.meta_graphs
    graph.meta_info_def.tensorflow_version = "9.9.9"
    graph.graph_def.library.function[0].node_def.add(name="new", op="OpOfTheFuture")
    file.write_bytes(model.SerializeToString())

    with pytest.raises(InputError, match=r"OpOfTheFuture.*written by TensorFlow 9\.9\.9"):
        Servable(str(folder), 7)


def test_the_command_recommend_asks_the_server(server: RunningServer) -> None:
    found = open_model(server.model_url)("user1", ["item1"], 2)
    assert [(item.item_id, item.score) for item in found] == [("item0", 201), ("item1", 201)]


def test_without_a_version_that_can_be_loaded_there_is_no_server(
    models: dict[str, Path], tmp_path: Path
) -> None:
    with (
        pytest.raises(InputError, match="has no signature 'similar_items'"),
        running_server(models["incomplete"]),
    ):
        pass


@pytest.mark.parametrize("port", ["rest_port", "grpc_port"])
def test_a_port_in_use_is_an_error(
    server: RunningServer, models: dict[str, Path], port: str
) -> None:
    async def main() -> None:
        settings = {"rest_port": 0, "grpc_port": 0, port: getattr(server.server, port)}
        other = ModelServer(
            find_model(str(models["a"])), ServerSettings(**settings), lambda line: None
        )
        try:
            await other.start()
        finally:
            await other.stop()

    with pytest.raises(InputError, match="another program may use the port"):
        asyncio.run(main())
