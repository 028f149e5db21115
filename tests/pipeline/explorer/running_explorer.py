"""A server of the page in a thread of this process, for tests with blocking clients."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.loop_thread import loop_thread
from pipeline.explorer.run_explorer import ExplorerServer


class RunningExplorer:
    """A started server.

    Attributes:
      url: The address of the page.
    """

    def __init__(self, url: str):
        self.url = url

    def get(self, path: str, **query: str) -> tuple[int, Any]:
        """Returns the status and the document of a GET request."""
        return self.send(urllib.request.Request(f"{self.url}{path}?{urlencode(query)}"))

    def post(self, path: str, document: Any) -> tuple[int, Any]:
        """Returns the status and the document of a POST request; bytes are sent as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        return self.send(urllib.request.Request(self.url + path, body, headers))

    def send(self, request: urllib.request.Request) -> tuple[int, Any]:
        """Returns the status and the document of a request."""
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@contextmanager
def running_explorer(run_dir: Path, servers: Sequence[str] = ()) -> Iterator[RunningExplorer]:
    """Serves the page of a run during the block, on a free port."""
    with loop_thread() as wait:
        server = wait(_make(run_dir, servers))
        try:
            wait(server.start())
            yield RunningExplorer(server.url)
        finally:
            wait(server.stop())


async def _make(run_dir: Path, servers: Sequence[str]) -> ExplorerServer:
    return ExplorerServer(str(run_dir), servers, 0)
