"""A server with small models while versions appear, disappear or cannot be loaded."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tensorflow.core.protobuf import saved_model_pb2

from components.pusher.models_config import CONFIG_FILE
from schemas.bundle import SAVED_MODEL_FILE, WARMUP_FILE
from schemas.serving import RECOMMEND
from tests.pipeline.serving.running_server import publish, running_server
from tests.pipeline.serving.small_model import ROW
from tests.pipeline.serving.test_labels import config


def test_no_request_fails_while_versions_switch(models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    publish(models["a"], folder, 1)
    with running_server(folder) as run, ThreadPoolExecutor(2) as pool:
        stopped = Event()

        def client() -> list[tuple[int, float]]:
            found = []
            # Without a pause, the clients of this process would leave the server no time.
            while not stopped.wait(0.005):
                status, answer = run.predict({"instances": [ROW]})
                found.append((status, answer["predictions"][0]["score"][0]))
            return found

        clients = [pool.submit(client) for _ in range(2)]
        for version in (2, 3):
            publish(models["ab"[version % 2 == 0]], folder, version)
            run.poll()
            # The switch is over, so that every later request reaches the new version.
            _, answer = run.predict({"instances": [ROW]})
            assert answer["predictions"][0]["score"][0] == (202 if version % 2 == 0 else 102)
        stopped.set()
        answers = [answer for done in clients for answer in done.result()]

    assert {status for status, _ in answers} == {200}
    assert {score for _, score in answers} <= {102.0, 202.0}
    assert [line for line in run.lines if "unloaded" in line][:2] == [
        f"version {version} unloaded" for version in (1, 2)
    ]


def test_a_version_answers_unchanged_after_another_is_unloaded(
    models: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    for version, name in enumerate(("a", "a", "b"), 1):
        publish(models[name], folder, version)
    (folder / CONFIG_FILE).write_text(config(("shop", {"same": 1, "stable": 2})))
    with running_server(folder) as run:
        before = run.predict({"instances": [ROW]}, "/labels/stable")
        (folder / CONFIG_FILE).write_text(config(("shop", {"stable": 2})))
        run.poll()
        assert run.predict({"instances": [ROW]}, "/versions/1")[0] == 404
        assert run.predict({"instances": [ROW]}, "/labels/stable") == before
        shutil.rmtree(folder / "3")
        run.poll()
        assert run.predict({"instances": [ROW]}) == before


def damage_model(folder: Path) -> None:
    (folder / SAVED_MODEL_FILE).write_bytes(b"damaged")


def remove_variables(folder: Path) -> None:
    shutil.rmtree(folder / "variables")


def damage_warmup(folder: Path) -> None:
    (folder / WARMUP_FILE).write_bytes(b"damaged" * 10)


def set_unknown_dtype(folder: Path) -> None:
    file = folder / SAVED_MODEL_FILE
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    model.meta_graphs[0].signature_def[RECOMMEND].inputs["k"].dtype = 999
    file.write_bytes(model.SerializeToString())


DAMAGES = [damage_model, remove_variables, damage_warmup, set_unknown_dtype]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_version_that_cannot_be_loaded_is_skipped(
    models: dict[str, Path], tmp_path: Path, damage: Any
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    publish(models["a"], folder, 1)
    shutil.copytree(models["b"], tmp_path / "broken")
    damage(tmp_path / "broken")
    with running_server(folder) as run:
        publish(tmp_path / "broken", folder, 2)
        run.poll()
        status, answer = run.predict({"instances": [ROW]})
        assert (status, answer["predictions"][0]["score"][0]) == (200, 102)
        broken = run.get("/v1/models/shop/versions/2")[1]["model_version_status"][0]
        assert (broken["state"], broken["status"]["error_code"]) == ("END", "UNKNOWN")
        assert str(folder / "2") in broken["status"]["error_message"]
        assert any("version 2 is skipped" in line for line in run.lines)
