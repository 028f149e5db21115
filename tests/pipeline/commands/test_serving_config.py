"""`twotower serving-config`: its files, the labels that the servers read, and bad input."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.pusher.models_config import read_config, read_labels
from pipeline import cli
from pipeline.commands.label import change_labels
from pipeline.commands.rollback import roll_back
from pipeline.commands.serving_config import serving_config_command
from pipeline.console import Console
from pipeline.serving.model_source import find_model
from pipeline.serving.tf_serving import deployment
from pipeline.serving.tf_serving.images import ImageChoice
from pipeline.serving.tf_serving.render import FILES
from schemas.errors import InputError
from tests.components.pusher.fake_store import SCHEME, FakeStore, RemoteDestination
from tests.pipeline.commands.finished_run import FinishedRun
from tests.pipeline.serving import small_model
from tests.pipeline.serving.running_server import publish, running_server
from tests.pipeline.serving.tf_serving.kubernetes_objects import check_object


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    run = FinishedRun(tmp_path / "run")
    (run.root / "run.json").write_text(json.dumps(run.record))
    return run


def written(source: Path, output: Path | None = None, batches: bool = False) -> str:
    """Runs the command and returns what it prints."""
    printed = io.StringIO()
    folder = None if output is None else str(output)
    console = Console(printed, printed)
    serving_config_command(str(source), folder, ImageChoice.BOTH, batches, console)
    return printed.getvalue()


def mounted(folder: Path) -> dict[str, tuple[Path, str]]:
    """Returns the folder that each service of Compose mounts, and where it finds the labels."""
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    return {
        name: (
            (folder / service["volumes"][0]["source"]).resolve(),
            next(flag for flag in service["command"] if "model_config_file=" in flag),
        )
        for name, service in services.items()
    }


def test_the_files_are_in_the_run_directory(run: FinishedRun) -> None:
    run.publish("a")
    printed = written(run.root)
    folder = run.root / "serving_config"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    for name in FILES:
        assert f"{folder / name}\n" in printed
    assert f"base_path in models.config was {run.portable} and {run.serving};" in printed
    assert "base_path" not in written(run.root)


def test_servers_read_the_labels_that_commands_change(run: FinishedRun) -> None:
    a, b = (int(run.publish(content).version) for content in "ab")
    written(run.root)
    folder = run.root / "serving_config"
    before = mounted(folder)

    def labels() -> list[dict[str, int]]:
        """The labels in the mounted files, whose paths must be those of the containers."""
        found = []
        for source, flag in before.values():
            (model,) = read_config(str(source)).model_config_list.config
            assert model.base_path == "/models/demo"
            assert flag == f"--model_config_file={model.base_path}/models.config"
            found.append(dict(model.version_labels))
        return found

    assert labels() == [{"stable": b}] * 2
    c = int(run.publish("c").version)
    assert labels() == [{"stable": c}] * 2
    change_labels(str(run.root), run.record, [f"canary={a}"], [])
    assert labels() == [{"stable": c, "canary": a}] * 2
    roll_back(str(run.root), run.record, b)
    assert labels() == [{"stable": b, "canary": a}] * 2
    assert find_model(str(run.root)).labels() == labels()[0]
    assert mounted(folder) == before


def test_memory_follows_the_labels(run: FinishedRun) -> None:
    a, *_ = (run.publish(content).version for content in "abcd")
    written(run.root)
    compose = run.root / "serving_config" / "compose.yaml"
    assert "3 versions at a switch" in compose.read_text()
    change_labels(str(run.root), run.record, [f"canary={a}"], [])
    written(run.root)
    assert "6 versions at a switch" in compose.read_text()


def test_batches_are_an_option(run: FinishedRun, tmp_path: Path) -> None:
    run.publish("a")
    for batches in (False, True):
        written(run.root, tmp_path / "files", batches)
        text = (tmp_path / "files" / "compose.yaml").read_text()
        assert ("--enable_batching=true" in text) == batches


def test_the_health_command_succeeds_while_a_version_is_served(
    run: FinishedRun, tmp_path: Path
) -> None:
    run.publish("a")
    written(run.root)
    model = small_model.save(tmp_path / "model", 100.0)
    compose = yaml.safe_load((run.root / "serving_config" / "compose.yaml").read_text())
    _, *command = compose["services"]["stock"]["healthcheck"]["test"]
    command[-1] = command[-1].replace("$$", "$")

    def is_healthy(name: str) -> bool:
        folder = tmp_path / name / name
        folder.mkdir(parents=True)
        publish(model, folder, 1)
        with running_server(folder) as server:
            script = command[-1].replace("8501", str(server.server.rest_port))
            done = subprocess.run([*command[:-1], script], timeout=60, check=False)
        closed = subprocess.run(
            [*command[:-1], script], timeout=60, check=False, capture_output=True
        )
        assert closed.returncode != 0
        return done.returncode == 0

    assert is_healthy("demo")
    assert not is_healthy("other")


def test_a_configuration_is_enough_for_an_object_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "_STORE", SCHEME)
    store = FakeStore()
    with store.installed():
        destination = RemoteDestination(tmp_path, store)
        version = int(destination.publish("a").version)
        config = tmp_path / "demo.yaml"
        folders = (folder.rsplit("/", 1)[0] for folder in destination.folders)
        push = dict(zip(("serving_dir", "portable_dir"), folders, strict=True))
        fields = {"user_id": "u", "item_id": "i", "timestamp": "t"}
        log = {"path": "log.csv", "format": "csv", "fields": fields}
        values = {"name": "demo", "output": str(tmp_path / "run"), "interactions": log}
        config.write_text(yaml.safe_dump({**values, "push": push}))

        printed = written(config)

        assert "base_path" not in printed
        assert read_labels(destination.folders[0]) == {"stable": version}
    folder = tmp_path / "run" / "serving_config"
    service = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["scann"]
    assert f"--model_config_file={destination.folders[0]}/models.config" in service["command"]
    assert [volume["target"] for volume in service["volumes"]] == ["/config"]
    kubernetes = list(yaml.safe_load_all((folder / "kubernetes.yaml").read_text()))
    for document in kubernetes:
        check_object(document, json.dumps(document))
    assert "PersistentVolumeClaim" not in {item["kind"] for item in kubernetes}
    (pod, _) = (item["spec"]["template"]["spec"] for item in kubernetes if "replicas" in str(item))
    assert {volume["name"] for volume in pod["volumes"]} == {"config", "tmp"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RUN"], "contains no version; run the pipeline first"),
        (["RUN", "--image", "gpu"], "'gpu'"),
        (["RUN", "--output", "RUN"], "contains other files ("),
        (["RUN/nothing"], "expected the directory of a run"),
    ],
    ids=["no version", "unknown image", "folder of others", "no run"],
)
def test_bad_input_is_reported_and_nothing_is_written(
    run: FinishedRun,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = sorted(run.root.rglob("*"))
    words = [word.replace("RUN", str(run.root)) for word in arguments]
    monkeypatch.setattr(sys, "argv", ["twotower", "serving-config", *words])

    with pytest.raises(SystemExit) as end:
        cli.main()

    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert sorted(run.root.rglob("*")) == before


def test_a_missing_twin_is_an_error_that_changes_nothing(run: FinishedRun) -> None:
    published = run.publish()
    shutil.rmtree(published.portable_path)
    before = (run.serving / "models.config").read_text()
    with pytest.raises(InputError, match=r"its twin .* is missing"):
        written(run.root)
    assert (run.serving / "models.config").read_text() == before


def test_a_destination_of_another_kind_of_store_is_an_error(
    run: FinishedRun, tmp_path: Path
) -> None:
    record: dict[str, Any] = json.loads((run.root / "run.json").read_text())
    record["config"]["push"] = {
        "serving_dir": "s3://shop/serving",
        "portable_dir": "s3://shop/portable",
    }
    (run.root / "run.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="s3://shop/serving/demo: the images of TF Serving read"):
        written(run.root)
