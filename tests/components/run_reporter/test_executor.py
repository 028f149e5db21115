"""RunReporter reads fragments from artifact folders and replaces its files atomically."""

import json
from pathlib import Path
from typing import Any

import pytest

from components import artifacts, files
from components.fragment import write_fragment
from components.run_reporter import write
from components.run_reporter.component import RunReporter
from components.run_reporter.copy_rejects import copy_rejects
from components.run_reporter.executor import Executor
from tests.components.run_reporter import runs

FILES = {"metrics.json", "run.json", "report.html"}


def report(tmp_path: Path, steps: list[dict[str, Any]], run: dict[str, Any]) -> Path:
    """Runs the executor and returns the run directory."""
    artifact = artifacts.RunReport()
    artifact.uri = str(tmp_path / "report")
    output = tmp_path / "run"
    properties = {"steps": json.dumps(steps), "run": json.dumps(run), "output_dir": str(output)}
    Executor().Do({}, {"report": [artifact]}, {**properties, "code_version": "c", "launch": "1"})
    assert artifact.get_string_custom_property("outcome")
    return output


def steps_on_disk(tmp_path: Path) -> list[dict[str, Any]]:
    steps = runs.steps()
    for step in steps:
        step["fragment_uris"] = [str(tmp_path / "root" / step["component"])]
    for name, fragment in runs.fragments().items():
        write_fragment(str(tmp_path / "root" / name), name, fragment)
    return steps


def test_the_same_three_files_are_written_to_run_directory_and_artifact(tmp_path: Path) -> None:
    output = report(tmp_path, steps_on_disk(tmp_path), runs.run())
    for folder in (output, tmp_path / "report"):
        assert {path.name for path in folder.iterdir()} == FILES
    for name in FILES:
        assert (output / name).read_bytes() == (tmp_path / "report" / name).read_bytes()
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["test"]["model"]["recall@10"] == 0.1874
    record = json.loads((output / "run.json").read_text())
    assert record["verdict"]["outcome"] == "pushed"
    assert "0.1874" in (output / "report.html").read_text()


def test_the_rejected_records_of_both_sources_are_copied_to_the_run_directory(
    tmp_path: Path,
) -> None:
    steps = steps_on_disk(tmp_path)
    for step in steps[1:3]:
        step["fragment_uris"].insert(0, str(tmp_path / "root" / "examples"))
        rejects = tmp_path / "root" / step["component"] / "rejects.jsonl.gz"
        rejects.write_bytes(step["component"].encode())
    older = tmp_path / "run/rejects/catalogue.jsonl.gz"
    older.parent.mkdir(parents=True)
    older.write_bytes(b"older")

    output = report(tmp_path, steps, runs.run())

    assert {path.name: path.read_bytes() for path in (output / "rejects").iterdir()} == {
        "interactions.jsonl.gz": b"InteractionExampleGen",
        "catalogue.jsonl.gz": b"CatalogueExampleGen",
    }
    assert not (tmp_path / "report" / "rejects").exists()


def test_rejects_of_steps_that_did_not_run_or_did_not_ingest_are_not_copied(
    tmp_path: Path,
) -> None:
    other = tmp_path / "root" / "DataGate"
    other.mkdir(parents=True)
    (other / "rejects.jsonl.gz").write_bytes(b"of another step")
    steps = steps_on_disk(tmp_path)
    for step in steps[1:3]:
        step["fragment_uris"] = []
    assert copy_rejects(steps, str(tmp_path / "run")) == []
    assert not (tmp_path / "run").exists()


def test_a_failed_copy_of_rejects_keeps_the_existing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = steps_on_disk(tmp_path)
    rejects = tmp_path / "root" / "InteractionExampleGen" / "rejects.jsonl.gz"
    rejects.write_bytes(b"older")
    (written,) = copy_rejects(steps, str(tmp_path / "run"))
    rejects.write_bytes(b"newer")

    def broken(source: str, target: str) -> None:
        Path(target).write_bytes(b"ne")
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "copy_file", broken)
    with pytest.raises(OSError, match="no space left"):
        copy_rejects(steps, str(tmp_path / "run"))
    assert Path(written).read_bytes() == b"older"


def test_an_exit_handler_reports_the_final_status(tmp_path: Path) -> None:
    output = report(tmp_path, [], {"state": "FAILED", "error": {"code": 9, "message": "boom"}})
    record = json.loads((output / "run.json").read_text())
    assert (record["status"], record["error"]) == ("FAILED", "boom")
    html = (output / "report.html").read_text()
    assert "The pipeline ended with the state FAILED" in html
    for unknown in ("None", "0 steps", "started", "Steps of the run"):
        assert unknown not in html


def test_a_run_without_fragments_is_reported(tmp_path: Path) -> None:
    steps = runs.steps("CatalogueExampleGen", "no file matches items/*.csv")
    output = report(tmp_path, steps, runs.run(exit_code=2, error="x"))
    assert json.loads((output / "metrics.json").read_text())["test"] is None
    assert "no file matches items/*.csv" in (output / "report.html").read_text()


def test_a_failed_write_of_the_report_keeps_the_existing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = report(tmp_path, steps_on_disk(tmp_path), runs.run())
    before = (output / "metrics.json").read_text()

    def broken(source: str, target: str) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "replace", broken)
    with pytest.raises(OSError, match="no space left"):
        write.write_outputs(str(output), {"gates": []}, {}, "")
    assert (output / "metrics.json").read_text() == before


def test_the_component_has_no_input_channels() -> None:
    component = RunReporter("[]", "{}", "runs/demo", "c0", "1")
    assert component.inputs == {}
    assert component.outputs["report"].type is artifacts.RunReport
