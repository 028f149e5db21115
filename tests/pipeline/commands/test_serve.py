"""`twotower serve` as a process, and its bad input."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.serving.model_source import find_model
from tests.pipeline.commands.finished_run import FinishedRun
from tests.pipeline.serving import small_model
from tests.pipeline.serving.running_server import publish

ROOT = Path(__file__).parents[3]


def test_the_directory_of_a_run_names_its_versions(tmp_path: Path) -> None:
    run = FinishedRun(tmp_path / "run")
    published = run.publish()
    (run.root / "run.json").write_text(json.dumps(run.record))

    for portable, path in ((False, published.serving_path), (True, published.portable_path)):
        source = find_model(str(run.root), portable)
        assert source.name == "demo"
        assert list(source.versions().values()) == [path]


def test_a_run_without_a_pushed_version_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FinishedRun(tmp_path / "run")
    (run.root / "run.json").write_text(json.dumps(run.record))
    monkeypatch.setattr(sys, "argv", ["twotower", "serve", str(run.root)])

    with pytest.raises(SystemExit) as end:
        cli.main()

    assert end.value.code == 2
    assert "contains no complete version" in capsys.readouterr().err


@pytest.mark.slow
def test_the_server_runs_until_it_is_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    publish(small_model.save(tmp_path / "model", 100.0), folder, 7)
    command = [sys.executable, "-m", "pipeline.cli", "serve", str(folder)]
    traffic = tmp_path / "traffic"
    command += ["--port", "0", "--grpc-port", "0", "--traffic-log", str(traffic)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(3)]
        url = lines[1].split()[1]
        with urllib.request.urlopen(url) as response:
            (status,) = json.load(response)["model_version_status"]
        body = json.dumps({"instances": [small_model.ROW]}).encode()
        urllib.request.urlopen(f"{url}:predict", body).close()
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=120)

    assert "Development server of shop, version 7" in lines[0]
    assert (status["version"], status["state"]) == ("7", "AVAILABLE")
    assert server.returncode == 0
    assert "version 7 unloaded" in errors
    (log,) = traffic.iterdir()
    assert json.loads(log.read_text())["user_id"] == small_model.ROW["user_id"]


def test_options_of_the_traffic_log_need_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["twotower", "serve", "model", "--traffic-sample", "0.5"])

    with pytest.raises(SystemExit) as end:
        cli.main()

    assert end.value.code == 2
    assert "--traffic-sample 0.5: requires --traffic-log DIR" in capsys.readouterr().err
