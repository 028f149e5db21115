"""`twotower explore` as a process, and its bad input."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import cli
from tests.pipeline.commands.finished_run import FinishedRun
from tests.pipeline.explorer.explorable_run import make_run

ROOT = Path(__file__).parents[3]
ErrorOf = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    """A run with a pushed version that cannot be loaded."""
    run = FinishedRun(tmp_path / "run")
    run.publish()
    (run.root / "run.json").write_text(json.dumps(run.record))
    return run


@pytest.fixture
def used_port() -> Iterator[int]:
    """A port of this machine that another program uses."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def error_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> ErrorOf:
    """Runs the command, which must end with exit code 2, and returns its message."""

    def run_command(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["twotower", "explore", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 2
        return capsys.readouterr().err

    return run_command


def test_a_run_without_a_pushed_version_is_an_error(tmp_path: Path, error_of: ErrorOf) -> None:
    run = FinishedRun(tmp_path / "run")
    (run.root / "run.json").write_text(json.dumps(run.record))
    error = error_of(str(run.root), "--port", "0")
    assert "contains no complete version; run `twotower run`" in error


def test_a_folder_that_is_not_the_directory_of_a_run_is_an_error(
    tmp_path: Path, run: FinishedRun, error_of: ErrorOf
) -> None:
    for folder in (tmp_path, tmp_path / "missing", run.serving):
        error = error_of(str(folder))
        assert "run.json: no such file; expected the directory of a run" in error


def test_a_server_without_a_valid_address_is_an_error(run: FinishedRun, error_of: ErrorOf) -> None:
    error = error_of(str(run.root), "--server", "http://localhost:1/x")
    assert "http://localhost:1/x: expected http://HOST:PORT/v1/models/NAME" in error


def test_a_port_in_use_is_an_error(run: FinishedRun, used_port: int, error_of: ErrorOf) -> None:
    error = error_of(str(run.root), "--port", str(used_port))
    assert f"127.0.0.1:{used_port}: cannot be listened on" in error
    assert "give another --port" in error


def test_a_version_that_cannot_be_loaded_is_an_error(run: FinishedRun, error_of: ErrorOf) -> None:
    error = error_of(str(run.root), "--port", "0")
    assert "this SavedModel cannot be loaded" in error


@pytest.mark.slow
def test_the_page_is_served_until_it_is_interrupted(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    command = [sys.executable, "-m", "pipeline.cli", "explore", str(run.folder), "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"Explorer of {run.folder}: http://127.0.0.1:")
        with urllib.request.urlopen(line.split()[-1]) as response:
            assert b"twotower explorer" in response.read()
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output == ""
    assert errors == "Ctrl-C stops it\n"
