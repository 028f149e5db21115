"""Servers that cannot be started."""

import asyncio
from pathlib import Path

import pytest

from pipeline.serving.model_source import find_model
from pipeline.serving.run_server import ModelServer, ServerSettings
from schemas.errors import InputError
from tests.pipeline.serving.running_server import RunningServer, running_server


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
