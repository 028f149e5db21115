"""Runs a server until the process is interrupted."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(Protocol):
    """What can be started and stopped."""

    async def start(self) -> None:
        """Starts it."""

    async def stop(self) -> None:
        """Stops it, also if it was only started in part."""


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[asyncio.Event]:
    """Starts a server and stops it at the end of the block.

    A second signal ends the process at once.

    Args:
      server: The server.

    Yields:
      An event that SIGINT or SIGTERM sets. It is set already if the start was interrupted.
    """
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupted.set)
    try:
        await _start(server, interrupted)
        yield interrupted
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        await server.stop()


async def _start(server: Server, interrupted: asyncio.Event) -> None:
    """Starts a server; cancels the start if it is interrupted."""
    start = asyncio.create_task(server.start())
    wait = asyncio.create_task(interrupted.wait())
    await asyncio.wait({start, wait}, return_when=asyncio.FIRST_COMPLETED)
    wait.cancel()
    if start.done():
        start.result()
    else:
        start.cancel()
