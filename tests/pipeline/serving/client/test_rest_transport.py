"""REST against a server whose responses the tests choose."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
import requests

from pipeline.serving.client import (
    Client,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    ServingError,
    UnavailableError,
    UnexpectedResponseError,
    connect,
)
from pipeline.serving.client.address import parse_address
from pipeline.serving.client.rest_transport import RestTransport
from pipeline.serving.version_status import State
from tests.pipeline.serving.client.fake_clock import FakeClock
from tests.pipeline.serving.client.fake_rest import HTML, JSON, FakeRest, Response, fake_rest
from tests.pipeline.serving.client.ipv6 import needs_ipv6

STATUS = {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
GOOD: Response = (200, JSON, json.dumps({"model_version_status": [STATUS]}).encode())
PAGE = b"<html>\n <title>Bad gateway</title></html>"


def refused(status: int, message: str = "said the server") -> Response:
    return status, JSON, json.dumps({"error": message}).encode()


@contextmanager
def client_of(*responses: Response | None) -> Iterator[tuple[Client, FakeRest, FakeClock]]:
    """A client of a fake server, and the waits of the client."""
    time = FakeClock()
    with (
        fake_rest(responses) as fake,
        Client(RestTransport(parse_address(fake.url)), clock=time.clock()) as client,
    ):
        yield client, fake, time


@pytest.mark.parametrize("failure", [refused(503), refused(429), (502, HTML, PAGE), None], ids=str)
def test_failures_that_pass_are_repeated(failure: Response | None) -> None:
    with client_of(failure, failure, GOOD) as (client, fake, time):
        assert client.status()[3].state is State.AVAILABLE
    assert fake.paths == ["GET /v1/models/demo"] * 3
    assert time.waits == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("response", "error_class", "message"),
    [
        (refused(400), InvalidRequestError, "INVALID_ARGUMENT: HTTP status 400: said the server"),
        (
            refused(404),
            NotFoundError,
            "NOT_FOUND: HTTP status 404: said the server; check the name, version and label",
        ),
        (refused(413), ServingError, "RESOURCE_EXHAUSTED: .* said the server; send smaller"),
        (refused(500), ServingError, "INTERNAL: HTTP status 500: said the server"),
        (refused(504), DeadlineExceededError, "DEADLINE_EXCEEDED: HTTP status 504: said the"),
        ((401, JSON, b""), ServingError, r"status 401: \(no text\); check the credentials"),
        ((403, HTML, PAGE), ServingError, "403: <html> <title>Bad gateway</title></html>; check"),
        ((418, JSON, b"[1]"), ServingError, r"UNKNOWN: HTTP status 418: \[1\]"),
        (
            (302, {"Location": "https://h/login"}, b""),
            ServingError,
            "redirects to https://h/login; give the address",
        ),
        ((200, HTML, PAGE), UnexpectedResponseError, "no answer of the REST API .*it is text/html"),
        ((200, JSON, b'{"outputs":'), UnexpectedResponseError, 'it is application/json: {"out'),
        ((200, JSON, b"[]"), UnexpectedResponseError, "no answer of the REST API"),
        ((200, JSON, b"{}"), UnexpectedResponseError, "'model_version_status' is missing"),
        (
            (200, JSON, b'{"model_version_status": {"a": 1}}'),
            UnexpectedResponseError,
            "no answer of",
        ),
        ((200, JSON, b""), UnexpectedResponseError, r"\(no text\); check that this is the address"),
    ],
    ids=str,
)
def test_other_responses_are_errors_with_what_the_server_said(
    response: Response, error_class: type[ServingError], message: str
) -> None:
    with (
        client_of(response) as (client, fake, time),
        pytest.raises(ServingError, match=message) as caught,
    ):
        client.status()
    assert type(caught.value) is error_class
    assert str(caught.value).startswith(f"{fake.url}: ")
    assert (len(fake.paths), time.waits) == (1, [])


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"metadata": {"signature_def": {"signature_def": []}}}']
)
def test_metadata_of_something_else_is_an_error(text: str) -> None:
    with (
        client_of((200, JSON, text.encode())) as (client, _, _),
        pytest.raises(UnexpectedResponseError, match="no answer of the REST API"),
    ):
        client.recommend()


def test_attempts_end() -> None:
    with (
        client_of(refused(503, "no version is served")) as (client, fake, _),
        pytest.raises(UnavailableError, match=r"no version is served \(4 attempts\)"),
    ):
        client.status()
    assert len(fake.paths) == 4


def test_the_connection_stays_open() -> None:
    with client_of(GOOD) as (client, fake, _):
        for _ in range(5):
            client.status()
    assert len(fake.connections) == 1


def test_a_refused_connection_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    time = FakeClock()
    transport = RestTransport(parse_address(f"http://127.0.0.1:{port}/v1/models/demo"))
    with (
        Client(transport, clock=time.clock()) as client,
        pytest.raises(UnavailableError, match=r"Connection refused \(4 attempts\); check that a"),
    ):
        client.status()
    assert len(time.waits) == 3


def test_a_server_that_does_not_answer_meets_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/models/demo"
        with (
            Client(RestTransport(parse_address(url))) as client,
            pytest.raises(DeadlineExceededError, match=r"no answer within 0\.0\d+ s; give a long"),
        ):
            client.status(timeout_s=0.05)


def test_an_answer_that_stops_meets_the_deadline() -> None:
    stops: Response = (200, {"Content-Length": "100"}, b"{")
    with (
        client_of(stops) as (client, _, _),
        pytest.raises(DeadlineExceededError, match="no answer within"),
    ):
        client.status(timeout_s=0.2)


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_comes_byte_by_byte_meets_the_deadline(part: str) -> None:
    content = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(GOOD[2])
    start = content if part == "body" else b""
    slow = GOOD[2] if part == "body" else content + GOOD[2]
    left = Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(start)
            for byte in slow:
                # A client without a deadline for the whole answer would receive it.
                if left.wait(0.05):
                    return
                connection.sendall(bytes([byte]))

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve, listener)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/models/demo"
        try:
            with (
                connect(url) as client,
                pytest.raises(DeadlineExceededError, match="no answer within"),
            ):
                client.status(timeout_s=0.2)
        finally:
            left.set()
        served.result()


def test_a_session_of_the_caller_is_used() -> None:
    session = requests.Session()
    session.headers["Authorization"] = "Bearer token"
    seen = []
    session.hooks["response"].append(lambda r, **_: seen.append(r.request.headers))
    with (
        fake_rest([GOOD]) as fake,
        Client(RestTransport(parse_address(fake.url), session)) as client,
    ):
        client.status()
    assert seen[0]["Authorization"] == "Bearer token"


@needs_ipv6
def test_an_address_may_be_ipv6() -> None:
    with fake_rest([GOOD], "::1") as fake, connect(fake.url) as client:
        assert list(client.status()) == [3]


@pytest.mark.parametrize(
    ("answer", "error_class", "message"),
    [
        (b"\x00\x01 not HTTP\r\n", UnexpectedResponseError, r"not HTTP: BadStatusLine\('.*; check"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
            UnavailableError,
            "IncompleteRead|in the mid",
        ),
    ],
)
def test_what_is_not_a_whole_response_is_an_error(
    answer: bytes, error_class: type[ServingError], message: str
) -> None:
    def serve(listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if not connection.recv(1 << 16):
                    return
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        host, port = listener.getsockname()
        pool.submit(serve, listener)
        transport = RestTransport(parse_address(f"http://{host}:{port}/v1/models/demo"))
        try:
            with (
                Client(transport, clock=FakeClock().clock()) as client,
                pytest.raises(error_class, match=message),
            ):
                client.status()
        finally:
            # The server ends after a connection without a request.
            socket.create_connection((host, port)).close()


def test_hosts_that_no_name_can_have_are_errors() -> None:
    with (
        connect("http://a..b/v1/models/demo") as client,
        pytest.raises(ServingError, match=r"http://a\.\.b/v1/models/demo: UNKNOWN: .*a\.\.b"),
    ):
        client.status()
