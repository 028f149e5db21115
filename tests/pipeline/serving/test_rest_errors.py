"""REST requests that the server or the model does not accept."""

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.serving.limits import Limits
from tests.pipeline.serving.fuzz_http import HttpCase, exchange, post
from tests.pipeline.serving.predict_requests import by_column
from tests.pipeline.serving.running_server import RunningServer, fetch, running_server
from tests.pipeline.serving.small_model import ROW, requests, texts


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
