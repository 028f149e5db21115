"""`twotower explore`: a local web page over the pushed versions of a run."""

import asyncio
import webbrowser
from collections.abc import Sequence

from components.indexer.probe.served_model import load_scann_ops
from pipeline.console import Console, warnings_shown
from pipeline.explorer.run_explorer import ExplorerServer
from pipeline.serving.interruption import running


def explore_command(
    run_dir: str, servers: Sequence[str], port: int, opens_browser: bool, console: Console
) -> None:
    """Serves the page until the process is interrupted.

    Args:
      run_dir: The run directory.
      servers: Addresses of further models.
      port: The port, 0 for a free one.
      opens_browser: Whether to open the page in the browser of this machine.
      console: Receives the address, and what the page cannot show.

    Raises:
      InputError: The run has no pushed version, a version cannot be loaded, or the port is in use.
    """
    load_scann_ops()
    with warnings_shown(console, "pipeline.explorer", "pipeline.serving"):
        asyncio.run(_serve(run_dir, servers, port, opens_browser, console))


async def _serve(
    run_dir: str, servers: Sequence[str], port: int, opens_browser: bool, console: Console
) -> None:
    server = ExplorerServer(run_dir, servers, port)
    async with running(server) as interrupted:
        if interrupted.is_set():
            return
        for note in server.notes():
            console.progress.write(f"note: {note}\n")
        console.result.write(f"Explorer of {run_dir}: {server.url}\n")
        console.progress.write("Ctrl-C stops it\n")
        if opens_browser:
            webbrowser.open(server.url)
        await interrupted.wait()
