"""The examples of docs/serving.md, against a server."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.pusher.models_config import CONFIG_FILE
from pipeline.serving.limits import Limits
from tests.pipeline.serving.running_server import RunningServer, publish, running_server
from tests.pipeline.serving.test_labels import config

PAGE = Path(__file__).parents[3] / "docs" / "serving.md"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LIMIT = re.compile(r"^\| `(\w+)` \| (\d+) \|", re.MULTILINE)
_METRIC = re.compile(r"^\| `(twotower_\w+)` \|", re.MULTILINE)


@pytest.fixture(scope="module")
def demo(
    models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("served") / "demo"
    folder.mkdir()
    publish(models["a"], folder, 1)
    (folder / CONFIG_FILE).write_text(config(("demo", {"stable": 1})))
    with running_server(folder) as run:
        yield run


@pytest.mark.parametrize(("language", "block"), _BLOCK.findall(PAGE.read_text("utf-8")))
def test_an_example_gets_an_answer(demo: RunningServer, language: str, block: str) -> None:
    program = block.replace("8501", str(demo.server.rest_port)).replace(
        "8500", str(demo.server.grpc_port)
    )
    if language == "python":
        names: dict[str, Any] = {}
        exec(program, names)
        assert "outputs" in names or "response" in names
        return
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    program = program.replace("curl ", "curl --fail --silent --show-error ")
    done = subprocess.run(["bash", "-ec", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"error":' not in done.stdout
    assert done.stdout.startswith("{")


def test_the_page_lists_all_limits_and_metrics(demo: RunningServer) -> None:
    page = PAGE.read_text("utf-8")
    assert {name: int(value) for name, value in _LIMIT.findall(page)} == vars(Limits())
    names = {
        family.name + "_total" * (family.type == "counter")
        for family in demo.server.metrics.registry.collect()
        if family.name.startswith("twotower")
    }
    assert set(_METRIC.findall(page)) == names
