"""`twotower rollback`: an older version of the model of a run is served."""

from pathlib import Path

import pytest

from pipeline.commands.rollback import roll_back
from pipeline.commands.unavailable import replace_unavailable
from schemas.errors import InputError
from tests.pipeline.commands.finished_run import FinishedRun


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    return FinishedRun(tmp_path / "run")


def test_rollback_keeps_the_list_of_unavailable_items(run: FinishedRun) -> None:
    run.publish()
    run.publish("another graph")
    replace_unavailable(str(run.root), run.record, run.write_list("a"))
    first, second, third = run.visible()[0]

    line = roll_back(str(run.root), run.record, int(first))

    assert line == f"Version {first} is served, 1 items unavailable; withdrawn: {second}, {third}\n"
    assert run.visible() == ([first], [first])
    assert run.unavailable_items() == [["a"], ["a"]]


def test_without_a_pushed_version_no_folder_is_created(run: FinishedRun) -> None:
    with pytest.raises(InputError, match="no other model"):
        roll_back(str(run.root), run.record, None)
    assert not run.serving.exists()


def test_a_record_without_a_configuration_is_rejected(run: FinishedRun) -> None:
    for record in ({"status": "failed"}, {"config": {"name": "x"}}):
        with pytest.raises(InputError, match="contains no configuration"):
            roll_back(str(run.root), record, None)
