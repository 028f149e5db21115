"""`twotower report`: the version of a run that no longer serves."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.report import served_since
from pipeline.commands.rollback import roll_back
from tests.pipeline.commands.finished_run import FinishedRun


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    return FinishedRun(tmp_path / "run")


def with_push(run: FinishedRun, version: str) -> dict[str, Any]:
    push = {"pushed": True, "version": version, "serving_path": str(run.serving / version)}
    return {**run.record, "push": push}


def test_nothing_is_said_of_a_version_that_serves_or_of_no_version(run: FinishedRun) -> None:
    run.publish()
    (version,) = run.visible()[0]
    assert served_since(str(run.root), with_push(run, version)) == ""
    assert served_since(str(run.root), run.record) == ""


def test_a_version_that_a_rollback_has_hidden_is_named(run: FinishedRun) -> None:
    run.publish()
    run.publish("another graph")
    first, second = run.visible()[0]
    roll_back(str(run.root), run.record, int(first))
    assert served_since(str(run.root), with_push(run, second)) == (
        f"Version {first} is served now: a rollback has hidden version {second}."
    )


def test_a_version_that_a_later_one_replaced_is_named(run: FinishedRun) -> None:
    run.publish()
    run.publish("another graph")
    first, second = run.visible()[0]
    assert served_since(str(run.root), with_push(run, first)) == (
        f"Version {second} is served now, not version {first}."
    )
