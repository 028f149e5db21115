"""`twotower serve`: a development server for a pushed model."""

import asyncio

from components.indexer.probe.served_model import load_scann_ops
from pipeline.console import Console, warnings_shown
from pipeline.serving.interruption import running
from pipeline.serving.model_source import ModelSource, find_model
from pipeline.serving.run_server import ModelServer, ServerSettings


def serve_command(model: str, portable: bool, settings: ServerSettings, console: Console) -> None:
    """Serves a model until the process is interrupted.

    Args:
      model: Directory of a run, folder of versions, or one version.
      portable: Whether to serve the portable twins of a run.
      settings: How the model is served.
      console: Receives the addresses, and one line for each change of the versions.

    Raises:
      InputError: There is no version that can be loaded, or a port is in use.
    """
    source = find_model(model, portable)
    if not portable:
        load_scann_ops()
    with warnings_shown(console, "pipeline.serving"):
        asyncio.run(_serve(source, settings, console))


async def _serve(source: ModelSource, settings: ServerSettings, console: Console) -> None:
    server = ModelServer(source, settings, lambda line: _write(console, line))
    async with running(server) as interrupted:
        if interrupted.is_set():
            return
        console.result.write(_addresses(server, settings))
        polls = asyncio.create_task(server.poll_forever())
        await interrupted.wait()
        polls.cancel()
        _write(console, "stopping: requests in flight are answered")


def _addresses(server: ModelServer, settings: ServerSettings) -> str:
    name = server.manager.name
    return (
        f"Development server of {name}, version {server.manager.newest}; in production, use TF "
        "Serving (docs/serving.md)\n"
        f"REST  http://{settings.host}:{server.rest_port}/v1/models/{name}\n"
        f"gRPC  {settings.host}:{server.grpc_port}\n"
    )


def _write(console: Console, line: str) -> None:
    console.progress.write(line + "\n")
