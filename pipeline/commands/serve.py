"""`twotower serve`: a development server for a pushed model."""

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from components.indexer.probe.served_model import load_scann_ops
from pipeline.console import Console
from pipeline.serving.model_source import ModelSource, find_model
from pipeline.serving.run_server import ModelServer, ServerSettings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
    with _faults_shown(console):
        asyncio.run(_serve(source, settings, console))


@contextmanager
def _faults_shown(console: Console) -> Iterator[None]:
    """Writes the warnings and errors of the server to the terminal during the block."""
    handler = logging.StreamHandler(console.progress)
    handler.setLevel(logging.WARNING)
    logger = logging.getLogger("pipeline.serving")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


async def _serve(source: ModelSource, settings: ServerSettings, console: Console) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupted.set)
    server = ModelServer(source, settings, lambda line: _write(console, line))
    try:
        if not await _started(server, interrupted):
            return
        console.result.write(_addresses(server, settings))
        polls = asyncio.create_task(server.poll_forever())
        await interrupted.wait()
        polls.cancel()
        _write(console, "stopping: requests in flight are answered")
    finally:
        # A second signal ends the process at once.
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        await server.stop()


async def _started(server: ModelServer, interrupted: asyncio.Event) -> bool:
    """Starts the server; returns False if it was interrupted before."""
    start = asyncio.create_task(server.start())
    wait = asyncio.create_task(interrupted.wait())
    await asyncio.wait({start, wait}, return_when=asyncio.FIRST_COMPLETED)
    wait.cancel()
    if not start.done():
        start.cancel()
        return False
    start.result()
    return True


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
