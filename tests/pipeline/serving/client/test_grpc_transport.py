"""gRPC against services whose answers the tests choose, with the published stubs."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from pipeline.serving.client import (
    Client,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    ServingError,
    UnavailableError,
    UnexpectedResponseError,
)
from pipeline.serving.client.address import parse_address
from pipeline.serving.client.grpc_transport import GrpcTransport
from pipeline.serving.version_status import State
from tests.pipeline.serving.client.fake_clock import FakeClock
from tests.pipeline.serving.client.ipv6 import needs_ipv6

Answer = Callable[[Any, grpc.ServicerContext], Any]


def good(request: Any, context: grpc.ServicerContext) -> Any:
    response = get_model_status_pb2.GetModelStatusResponse()
    response.model_version_status.add(version=3, state=30)
    return response


def refuses(code: grpc.StatusCode) -> Answer:
    return lambda request, context: context.abort(code, "said the server")


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Answers with each of a list of answers, and with the last one thereafter."""

    def __init__(self, answers: list[Answer]):
        self.answers = answers
        self.requests: list[Any] = []

    def GetModelStatus(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answers a request."""
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        return answer(request, context)


@contextmanager
def client_of(
    *answers: Answer, host: str = "127.0.0.1", spec: str = ""
) -> Iterator[tuple[Client, ModelService, FakeClock]]:
    """A client of a fake server, and the waits of the client."""
    service, time = ModelService(list(answers)), FakeClock()
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(service, server)
        port = server.add_insecure_port(f"{host}:0")
        server.start()
        address = parse_address(f"grpc://{host}:{port}/demo{spec}")
        with Client(GrpcTransport(address), clock=time.clock()) as client:
            yield client, service, time
        server.stop(None).wait()


def test_failures_that_pass_are_repeated() -> None:
    unavailable = refuses(grpc.StatusCode.UNAVAILABLE)
    with client_of(unavailable, unavailable, good) as (client, service, time):
        assert client.status()[3].state is State.AVAILABLE
    assert len(service.requests) == 3
    assert time.waits == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("code", "error_class"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequestError),
        (grpc.StatusCode.FAILED_PRECONDITION, InvalidRequestError),
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ServingError),
        (grpc.StatusCode.INTERNAL, ServingError),
    ],
    ids=str,
)
def test_other_failures_are_errors_with_what_the_server_said(
    code: grpc.StatusCode, error_class: type[ServingError]
) -> None:
    with (
        client_of(refuses(code)) as (client, service, time),
        pytest.raises(ServingError, match=f"/demo: {code.name}: said the server") as caught,
    ):
        client.status()
    assert type(caught.value) is error_class
    assert (len(service.requests), time.waits) == (1, [])


def test_attempts_end() -> None:
    with (
        client_of(refuses(grpc.StatusCode.UNAVAILABLE)) as (client, service, _),
        pytest.raises(UnavailableError, match=r"said the server \(4 attempts\)"),
    ):
        client.status()
    assert len(service.requests) == 4


def test_a_server_that_does_not_answer_meets_the_deadline() -> None:
    def waits_for_the_client(request: Any, context: grpc.ServicerContext) -> Any:
        ended = threading.Event()
        context.add_callback(ended.set)
        ended.wait()
        return good(request, context)

    with (
        client_of(waits_for_the_client) as (client, _, time),
        pytest.raises(DeadlineExceededError, match=r"no answer within 0\.1 s"),
    ):
        client.status(timeout_s=0.1)
    assert time.waits == []


def test_unknown_states_and_services_are_errors() -> None:
    def unknown(request: Any, context: grpc.ServicerContext) -> Any:
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=3, state=77)
        return response

    with client_of(unknown) as (client, _, _):
        with pytest.raises(UnexpectedResponseError, match="unknown status: 77 is not a valid"):
            client.status()
        with pytest.raises(ServingError, match=r"UNIMPLEMENTED: Method not found.*; check that th"):
            client.metadata()


def test_the_model_version_and_label_are_sent() -> None:
    specs = []
    for spec in ("", "/versions/7", "/labels/stable"):
        with client_of(good, spec=spec) as (client, service, _):
            client.status()
        specs.append(service.requests[0].model_spec)
    assert [spec.name for spec in specs] == ["demo"] * 3
    assert [spec.WhichOneof("version_choice") for spec in specs] == [
        None,
        "version",
        "version_label",
    ]
    assert (specs[1].version.value, specs[2].version_label) == (7, "stable")


def test_a_channel_of_the_caller_is_used() -> None:
    channel = grpc.insecure_channel("127.0.0.1:1")
    transport = GrpcTransport(parse_address("grpc://h:1/demo"), channel)
    transport.close()
    with pytest.raises(ValueError, match="closed channel"):
        channel.unary_unary("/a/b")(b"")


@needs_ipv6
def test_an_address_may_be_ipv6() -> None:
    with client_of(good, host="[::1]") as (client, _, _):
        assert list(client.status()) == [3]
