"""A server in a thread of this process, for tests with blocking clients."""

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from benchmarks.loop_thread import Wait, loop_thread
from components.pusher.models_config import CONFIG_FILE
from pipeline.serving.limits import Limits
from pipeline.serving.model_source import find_model
from pipeline.serving.run_server import ModelServer, ServerSettings
from tests.pipeline.serving.test_labels import config


class RunningServer:
    """A started server.

    Attributes:
      server: The server.
      url: Address of its REST API, without a path.
      model_url: URL of its model.
      lines: What it reported.
      wait: Returns the result of a coroutine in the loop of the server.
      channel: A gRPC channel to it.
    """

    def __init__(self, server: ModelServer, wait: Wait, lines: list[str]):
        self.server = server
        self.lines = lines
        self.url = f"http://127.0.0.1:{server.rest_port}"
        self.model_url = f"{self.url}/v1/models/{server.manager.name}"
        self.channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        self.predictions = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)
        self.wait = wait

    def poll(self) -> None:
        """Looks for new versions, and waits until the old ones are closed."""
        self.wait(self.server.manager.poll())
        self.wait(self.server.manager.closed())

    def get(self, path: str) -> tuple[int, Any]:
        """Returns the status and the document of a GET request."""
        return fetch(self.url + path)

    def predict(self, document: Any, spec: str = "") -> tuple[int, Any]:
        """Returns the status and the document of a predict request."""
        return fetch(f"{self.model_url}{spec}:predict", json.dumps(document).encode())


def fetch(url: str, body: bytes | None = None) -> tuple[int, Any]:
    """Returns the status and the document of a request."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=120) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@contextmanager
def two_versions(models: dict[str, Path], parent: Path, **limits: int) -> Iterator[RunningServer]:
    """Serves two versions of the model `shop`: 1, with the label stable, and 2."""
    folder = parent / "shop"
    folder.mkdir()
    publish(models["a"], folder, 1)
    publish(models["b"], folder, 2)
    (folder / CONFIG_FILE).write_text(config(("shop", {"stable": 1})))
    with running_server(folder, limits=Limits(**limits)) as run:
        yield run


@contextmanager
def running_server(model: Path, **settings: Any) -> Iterator[RunningServer]:
    """Serves a model during the block, on free ports and without polls of its own."""
    lines: list[str] = []
    server = ModelServer(
        find_model(str(model)), ServerSettings(rest_port=0, grpc_port=0, **settings), lines.append
    )
    running = None
    with loop_thread() as wait:
        try:
            wait(server.start())
            running = RunningServer(server, wait, lines)
            yield running
        finally:
            if running is not None:
                running.channel.close()
            wait(server.stop())


def publish(model: Path, folder: Path, version: int) -> None:
    """Copies a model to a folder of versions, where it appears at once."""
    hidden = folder / f".incoming-{version}"
    shutil.copytree(model, hidden)
    hidden.rename(folder / str(version))
