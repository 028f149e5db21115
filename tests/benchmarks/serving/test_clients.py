import asyncio
from pathlib import Path

import aiohttp
import pytest

from benchmarks.serving.clients import (
    PROTOCOLS,
    measure_protocol,
    request_inputs,
    rest_sender,
    send_for,
)
from benchmarks.serving.server_process import ServerProcess
from tests.pipeline.serving import small_model
from tests.pipeline.serving.running_server import running_server


def test_requests_of_both_protocols_are_answered(tmp_path: Path) -> None:
    model = small_model.save(tmp_path / "shop", 100.0)
    inputs = request_inputs(str(model), 3)
    assert {len(values) for values in inputs.values()} == {3}

    with running_server(model) as run:
        running = run.server
        server = ServerProcess(running.manager.name, running.rest_port, running.grpc_port)
        for protocol in PROTOCOLS:
            found = asyncio.run(measure_protocol(protocol, server, inputs, 2, 0.05))
            assert len(found) >= 2
            assert min(found) > 0


def test_a_refused_request_is_an_error(tmp_path: Path) -> None:
    model = small_model.save(tmp_path / "shop", 100.0)
    inputs = request_inputs(str(model), 1)

    async def main(url: str) -> None:
        async with aiohttp.ClientSession() as session:
            await send_for(rest_sender(session, url, inputs), 1, 1.0)

    with (
        running_server(model) as run,
        pytest.raises(aiohttp.ClientResponseError, match="404"),
    ):
        asyncio.run(main(run.url + "/v1/models/other"))
