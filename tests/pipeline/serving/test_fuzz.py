"""Random damaged requests: each is refused properly, and the server answers as before."""

import logging
import random
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from components.pusher.models_config import CONFIG_FILE
from pipeline.serving.limits import Limits
from pipeline.serving.traffic_files import FileSettings
from pipeline.serving.traffic_log import TrafficSettings
from tests.pipeline.serving.fuzz_grpc import GrpcCase, grpc_cases, send_frames
from tests.pipeline.serving.fuzz_http import HttpCase, exchange, http_cases
from tests.pipeline.serving.running_server import RunningServer, publish, running_server
from tests.pipeline.serving.small_model import ROW
from tests.pipeline.serving.test_labels import config

LIMITS = Limits(body_bytes=20_000, rows=8, list_length=120)
_EVERY = 50
_NUMBERS = [
    pytest.param(300, id="some"),
    pytest.param(5000, id="many", marks=pytest.mark.nightly),
]


@pytest.fixture
def server(models: dict[str, Path], tmp_path: Path) -> Iterator[RunningServer]:
    """A server with a traffic log, of one version with the label stable."""
    folder = tmp_path / "shop"
    folder.mkdir()
    publish(models["a"], folder, 1)
    (folder / CONFIG_FILE).write_text(config(("shop", {"stable": 1})))
    traffic = TrafficSettings(FileSettings(str(tmp_path / "traffic")))
    with running_server(folder, limits=LIMITS, traffic=traffic) as run:
        yield run


@pytest.mark.parametrize("number", _NUMBERS)
def test_a_damaged_http_request_is_refused(
    server: RunningServer, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    port = server.server.rest_port
    before = server.predict({"instances": [ROW]})
    for index, case in enumerate(http_cases(7, number, LIMITS.body_bytes)):
        answer = exchange(port, case)
        check_answer(case, answer)
        assert not faults(caplog), (index, case.kind, answer[:300])
        if index % _EVERY == 0:
            assert server.predict({"instances": [ROW]}) == before, (index, case.kind)
    assert server.predict({"instances": [ROW]}) == before


def check_answer(case: HttpCase, answer: bytes) -> None:
    """Checks that a request is answered, or refused for a reason that is the client's."""
    if not answer and not case.is_complete:
        return
    assert answer.startswith(b"HTTP/1."), (case.kind, answer[:100])
    status = int(answer.split()[1])
    assert status in (100, 200) or 400 <= status < 500, (case.kind, answer[:500])


@pytest.mark.parametrize("number", _NUMBERS)
def test_a_damaged_grpc_request_is_refused(
    server: RunningServer, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(8)
    before = server.predict({"instances": [ROW]})
    for index, case in enumerate(grpc_cases(9, number, LIMITS.body_bytes)):
        code, details = call(server, case)
        assert code not in ("INTERNAL", "UNKNOWN"), (index, case.kind, details)
        assert "received metadata size" not in details, (index, case.kind, details)
        assert not faults(caplog), (index, case.kind, code)
        if index % _EVERY == 0:
            send_frames(server.server.grpc_port, rng)
            assert server.predict({"instances": [ROW]}) == before, (index, case.kind)
    assert server.predict({"instances": [ROW]}) == before


def call(server: RunningServer, case: GrpcCase) -> tuple[str, str]:
    """Returns the status and the message of a call."""
    try:
        server.channel.unary_unary(case.method)(case.message, timeout=60)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    return "OK", ""


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Returns the messages of the warnings and errors that were logged."""
    return [
        f"{record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name != "tensorflow"
    ]
