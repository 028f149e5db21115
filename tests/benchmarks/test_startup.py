"""Tests that whole processes are measured, of a copy of the run, and compared with the baseline."""

import json
from pathlib import Path

import pytest

from benchmarks.startup import BASELINE, Cost, commands, copy_of_run, cost_of, measure, table
from schemas.errors import InputError
from tests.pipeline.commands.finished_run import FinishedRun

_BUSY = (
    "import os, time\n"
    "os.fork()\n"
    "while time.process_time() < 0.3: pass\n"
    "try: os.wait()\n"
    "except ChildProcessError: pass"
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    finished = FinishedRun(tmp_path / "run")
    finished.publish("a")
    (finished.root / "run.json").write_text(json.dumps(finished.record))
    (finished.root / "pipeline_root").mkdir()
    return finished.root


def test_the_time_of_subprocesses_is_counted() -> None:
    assert cost_of(["-c", _BUSY]).cpu_s >= 0.6


def test_each_program_runs_in_every_round(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def append(letter: str) -> tuple[str, str]:
        return "-c", f"open({str(log)!r}, 'a').write({letter!r})"

    costs = measure({"a": append("a"), "b": append("b")}, rounds=2)

    assert log.read_text() == "abab"
    assert all(cost.wall_s > 0 for cost in costs.values())


def test_the_commands_get_a_copy_without_artifacts(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "benchmark"
    folder.mkdir()
    copy = copy_of_run(run, folder)

    programs = commands(copy, folder)

    names = {path.name for path in copy.iterdir()}
    assert names >= {"run.json", "serving", "serving_portable"}
    assert "pipeline_root" not in names
    assert next(iter(programs)) == BASELINE
    assert not any(str(run) in arguments for arguments in programs.values())
    cost_of(programs["twotower rollback"])


def test_a_run_without_a_model_is_an_error(tmp_path: Path) -> None:
    finished = FinishedRun(tmp_path / "run")
    (finished.root / "run.json").write_text(json.dumps(finished.record))
    with pytest.raises(InputError, match="contains no pushed model"):
        copy_of_run(finished.root, tmp_path)


def test_the_table_has_the_ratios() -> None:
    text = table({BASELINE: Cost(4.0, 5.0), "twotower report": Cost(1.0, 1.5)})
    assert text.endswith("| `twotower report` | 1.00 | 1.50 | 0.25 |")
