"""Trainings by two workers on loopback, each a process that is started as on Vertex AI."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.fragment import read_fragment
from components.trainer import worker_main
from components.trainer.request import TrainingRequest
from components.trainer.run import TrainerPaths
from schemas.features import (
    AVAILABLE_AT,
    CATALOGUE_SPLIT,
    ITEM_ID,
    MISSING_INTEGER,
    USER_ID,
    USERS_SPLIT,
)
from schemas.model_settings import EncoderSettings, ModelSettings, TrainSettings
from schemas.settings import to_json
from tests.components.trainer.datasets import PLAIN, Row, data_settings, item, make_dataset, window
from tests.components.trainer.devices.test_cluster import free_addresses
from tests.examples import write_split

pytestmark = pytest.mark.slow

NUM_ITEMS = 60
NUM_USERS = 1_500
LENGTH = 6
# An item is followed by one of the next ten, so that the ten best items are known.
LONGEST_STEP = 10
# All but the first target of a user, which is any item, are among the ten.
BEST_RECALL = ((LENGTH - 1) + LONGEST_STEP / NUM_ITEMS) / LENGTH
TRAIN = TrainSettings(
    max_epochs=25,
    patience=25,
    events_per_step=512,
    learning_rate=1e-2,
    max_seconds=None,
    worker_timeout_s=240.0,
)


@pytest.fixture(scope="module")
def request_of_one(tmp_path_factory: pytest.TempPathFactory) -> TrainingRequest:
    """A training on one device, on the artifacts of a log in which ten items can follow an item."""
    folder = tmp_path_factory.mktemp("log")
    settings = data_settings(PLAIN)
    rng = np.random.default_rng(1)

    def walk(user: str) -> Row:
        steps = rng.integers(1, LONGEST_STEP + 1, LENGTH)
        numbers = (rng.integers(NUM_ITEMS) + steps.cumsum()) % NUM_ITEMS
        return window(settings, user, [f"i{number}" for number in numbers])

    items = [item(settings, f"i{number}") for number in range(NUM_ITEMS)]
    rows = [walk(f"u{user}") for user in range(NUM_USERS)]
    evaluation = [walk(f"e{user}") for user in range(100)]
    dataset = make_dataset(settings, rows, evaluation, items, folder)
    for name, split in (("windows", "train"), ("windows", "eval"), ("catalogue", "catalogue")):
        (folder / name / f"Split-{split}").mkdir()
        (folder / name / f"{split}.gz").rename(folder / name / f"Split-{split}" / "part-0.gz")
    users = [{USER_ID: [f"u{user}"]} for user in range(NUM_USERS)]
    raw_items: list[dict[str, list[Any]]] = [
        {ITEM_ID: [f"i{number}"], AVAILABLE_AT: [MISSING_INTEGER]} for number in range(NUM_ITEMS)
    ]
    write_split(str(folder / "users"), USERS_SPLIT, users)
    write_split(str(folder / "raw"), CATALOGUE_SPLIT, raw_items)
    paths = TrainerPaths(
        windows=str(folder / "windows"),
        catalogue=str(folder / "catalogue"),
        windows_graph=dataset.inputs.windows_graph,
        catalogue_graph=dataset.inputs.catalogue_graph,
        users=str(folder / "users"),
        raw_catalogue=str(folder / "raw"),
        serving_model="",
        logs="",
        checkpoints="",
    )
    sizes = ModelSettings(dim=16, hidden_dim=32, encoder=EncoderSettings(num_heads=4))
    return TrainingRequest(paths, "", settings, sizes, TRAIN, code_version="1")


def request_in(folder: Path, request: TrainingRequest, **changes: object) -> TrainingRequest:
    """Returns a request whose artifacts are written to a folder."""
    paths = replace(
        request.paths,
        serving_model=str(folder / "model/serving"),
        logs=str(folder / "logs"),
        checkpoints=str(folder.parent / "checkpoints"),
    )
    train = replace(request.train_settings, **changes)  # type: ignore[arg-type]
    return replace(request, paths=paths, model=str(folder / "model"), train_settings=train)


@contextmanager
def workers(*requests: TrainingRequest) -> Iterator[list[subprocess.Popen[str]]]:
    """Starts one worker per request; ends those that still run at the end of the block."""
    addresses = free_addresses(len(requests))
    started = []
    for index, request in enumerate(requests):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        alone = len(requests) == 1
        variables = os.environ | ({} if alone else {"TF_CONFIG": config})
        command = [sys.executable, "-m", worker_main.__name__, to_json(request)]
        started.append(subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True))
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def run_to_the_end(*requests: TrainingRequest) -> list[str]:
    """Returns the log of each worker, all of which must succeed."""
    with workers(*requests) as started:
        logs = [process.communicate()[1] for process in started]
    for process, log in zip(started, logs, strict=True):
        assert process.returncode == 0, log[-5000:]
    return logs


def test_two_workers_train_as_well_as_one(request_of_one: TrainingRequest, tmp_path: Path) -> None:
    alone = request_in(tmp_path / "alone", request_of_one)
    chief, other = (
        request_in(tmp_path / name, request_of_one, strategy="multi_worker")
        for name in ("chief", "other")
    )

    run_to_the_end(alone)
    log, silent = run_to_the_end(chief, other)

    (of_one, of_two) = (read_fragment(request.model) for request in (alone, chief))
    assert of_one is not None
    assert of_two is not None
    assert BEST_RECALL - 0.02 < of_one["validation"]["recall@10"] < BEST_RECALL + 0.02
    assert abs(of_two["validation"]["recall@10"] - of_one["validation"]["recall@10"]) < 0.01
    assert of_two["epochs"] == of_one["epochs"]
    assert "2 replicas" in log
    # The chief alone writes artifacts and the log.
    assert (tmp_path / "chief/model/serving/saved_model.pb").exists()
    assert not (tmp_path / "other").exists()
    assert "epoch" not in silent


def test_a_killed_worker_ends_the_training_with_its_name_and_it_can_go_on(
    request_of_one: TrainingRequest, tmp_path: Path
) -> None:
    endless = {"strategy": "multi_worker", "max_epochs": 10_000, "patience": 10_000}
    requests = [
        request_in(tmp_path / name, request_of_one, **endless) for name in ("chief", "other")
    ]

    with workers(*requests) as (chief, other):
        wait_for(chief, "epoch 2/")
        other.kill()
        _, rest = chief.communicate(timeout=TRAIN.worker_timeout_s)
    assert chief.returncode not in (0, None), rest
    assert "LostWorkerError: the training lost worker 1 (127.0.0.1:" in rest
    assert "start all workers again" in rest

    with workers(*requests) as (chief, other):
        wait_for(chief, "training resumes after epoch ")
        wait_for(chief, " loss ")


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    """Reads the log of a worker up to a line that contains a text."""
    assert process.stderr is not None
    log = []
    for line in process.stderr:
        log.append(line)
        if text in line:
            return
    raise AssertionError(f"the log ended without {text!r}: {''.join(log)[-5000:]}")
