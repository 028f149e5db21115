"""A server in a process of its own, on the cores that its parent had when it started it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from components.indexer.probe.served_model import load_scann_ops
from pipeline.serving.model_source import find_model
from pipeline.serving.run_server import ModelServer, ServerSettings


@dataclass(frozen=True)
class ServerProcess:
    """A started server.

    Attributes:
      name: Name of the model.
      rest_port: Port of the REST API.
      grpc_port: Port of the gRPC services.
    """

    name: str
    rest_port: int
    grpc_port: int

    @property
    def url(self) -> str:
        """URL of the model."""
        return f"http://127.0.0.1:{self.rest_port}/v1/models/{self.name}"

    @property
    def metrics_url(self) -> str:
        """URL of the metrics."""
        return f"http://127.0.0.1:{self.rest_port}/metrics"


@contextmanager
def server_process(model: str) -> Iterator[ServerProcess]:
    """Serves a model in another process during the block, on free ports.

    Args:
      model: Folder of versions, or one version.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serving.server_process", model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline().split()
            if len(line) != 3:
                raise RuntimeError(f"the server did not start: {' '.join(line)}")
            yield ServerProcess(line[0], int(line[1]), int(line[2]))
        finally:
            # The server stops at the end of its input, also if this process is killed.
            process.stdin.close()


def main() -> None:
    """Serves the model in the first argument until the standard input ends."""
    load_scann_ops()
    asyncio.run(_serve(sys.argv[1]))


async def _serve(model: str) -> None:
    settings = ServerSettings(rest_port=0, grpc_port=0, poll_s=0.5)
    server = ModelServer(
        find_model(model), settings, lambda line: print(line, file=sys.stderr, flush=True)
    )
    await server.start()
    polls = asyncio.create_task(server.poll_forever())
    print(server.manager.name, server.rest_port, server.grpc_port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    polls.cancel()
    await server.stop()


if __name__ == "__main__":
    main()
