"""The client in a process in which TensorFlow and ScaNN cannot be imported."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.serving.running_server import RunningServer, running_server

# What the process of a client must do without; the stubs of TF Serving import TensorFlow.
ABSENT = ("tensorflow", "tensorflow_serving", "tf_keras", "scann", "tfx", "apache_beam")
_HOOK = f"""
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Absent())
"""
_CALLS = """
from pipeline.serving.client import ServingError, connect

for address in sys.argv[1:]:
    with connect(address, timeout_s=60) as client:
        print([item.item_id for item in client.recommend(user_id="u", history=["a"], k=2)])
        print(sorted(client.status()), client.metadata().version, len(client.similar_items(["a"])))
"""
_COMMAND = """
from pipeline.cli import main

for address in sys.argv[1:]:
    sys.argv = ["twotower", "recommend", address, "--user", "u", "--item", "a", "-k", "2"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
"""


@pytest.fixture(scope="module")
def server(models: dict[str, Path]) -> Iterator[RunningServer]:
    with running_server(models["a"]) as run:
        yield run


def addresses(server: RunningServer) -> list[str]:
    """The addresses of the model."""
    name = server.server.manager.name
    return [server.model_url, f"grpc://127.0.0.1:{server.server.grpc_port}/{name}"]


def run(program: str, *arguments: str) -> str:
    """Returns what a program prints in which the libraries are absent."""
    done = subprocess.run(
        [sys.executable, "-c", _HOOK + program, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_libraries_are_absent() -> None:
    program = "try:\n    import tensorflow\nexcept ModuleNotFoundError as error:\n    print(error)"
    assert run(program) == "No module named 'tensorflow'\n"


def test_the_client_needs_no_tensorflow(server: RunningServer) -> None:
    answers = "['item0', 'item1']\n[1] 1 1\n"
    assert run(_CALLS, *addresses(server)) == answers * 2


def test_the_command_needs_no_tensorflow(server: RunningServer) -> None:
    table = "   1   101.0000  item0\n   2   101.0000  item1\n"
    assert run(_COMMAND, *addresses(server)) == table * 2
