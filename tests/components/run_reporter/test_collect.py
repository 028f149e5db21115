"""metrics.json and run.json contain the fragments of the steps, and null for missing ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.fragment import write_fragment
from components.run_reporter.collect import collect_metrics, collect_run, gather_fragments
from tests.components.run_reporter import runs

METRICS_KEYS = [
    "version_set",
    "protocol",
    "test",
    "confidence",
    "protocols",
    "baselines",
    "slices",
    "slice_intervals",
    "diagnosis",
    "later_negatives",
    "refit",
    "index",
    "gates",
]


def test_fragments_are_gathered_from_every_artifact_that_has_one(tmp_path: Path) -> None:
    written = runs.fragments()
    steps = runs.steps()
    for index, step in enumerate(steps):
        step["fragment_uris"] = [str(tmp_path / f"{index}-empty"), str(tmp_path / f"{index}")]
    for index, (name, fragment) in enumerate(written.items()):
        write_fragment(str(tmp_path / str(index)), name, fragment)
    assert gather_fragments(steps) == json.loads(json.dumps(written))


def test_metrics_of_a_complete_run_have_the_documented_keys() -> None:
    fragments = runs.fragments()
    metrics = collect_metrics(fragments, runs.run())
    assert list(metrics) == METRICS_KEYS
    evaluation = fragments["RetrievalEvaluator"]
    assert metrics["version_set"] == "python3.10"
    for key in METRICS_KEYS[1:-3]:
        assert metrics[key] == evaluation.get(key)
    assert set(metrics["test"]) == {"model", "baselines"}
    assert metrics["index"] == fragments["ScannIndexer"]["index"]
    assert [gate["name"] for gate in metrics["gates"]] == [
        "data.reject_fraction",
        "refit.rehearsal",
        "refit.finite",
        "model.against_popularity",
        "index.recall",
    ]
    for gate in metrics["gates"]:
        assert set(gate) == {"name", "passed", "value", "threshold", "reason"}


def test_a_run_with_rejected_data_has_the_gates_of_the_rejection_and_no_metrics() -> None:
    rejection = runs.gate("data.reject_fraction", False, "too many")
    metrics = collect_metrics({}, runs.run(gates=[rejection]))
    sections = {**dict.fromkeys(METRICS_KEYS), "gates": [rejection]}
    assert metrics == {**sections, "version_set": "python3.10"}


def test_the_set_of_a_record_without_one_is_null() -> None:
    run = runs.run()
    del run["version_set"]
    assert collect_metrics({}, run)["version_set"] is None
    assert collect_run([], {}, run)["version_set"] is None


def test_a_gate_of_both_a_fragment_and_the_run_is_listed_once() -> None:
    gate = runs.gate("data.reject_fraction", False, "too many")
    fragments = {"DataGate": {"component": "DataGate", "gates": [gate]}}
    assert collect_metrics(fragments, runs.run(gates=[gate]))["gates"] == [gate]


def test_the_run_has_the_status_and_the_seconds_of_every_step() -> None:
    fragments = runs.fragments()
    record = collect_run(runs.steps(), fragments, runs.run())
    assert [(s["component"], s["seconds"]) for s in record["components"]] == list(runs.STEPS)
    assert {step["status"] for step in record["components"]} == {"complete"}
    kept = ("name", "config", "config_hash", "version_set", "versions", "started", "status")
    for key in (*kept, "exit_code"):
        assert record[key] == runs.run()[key]
    assert record["training"] == fragments["TwoTowerTrainer"]
    assert record["push"]["version"] == "1719848123"
    assert record["ingestion"]["interactions"]["read"] == 201_530


def verdict_of(
    steps: list[dict[str, Any]], fragments: dict[str, dict[str, Any]], **run: Any
) -> dict[str, str]:
    verdict: dict[str, str] = collect_run(steps, fragments, runs.run(**run))["verdict"]
    return verdict


def test_the_verdict_of_a_push() -> None:
    verdict = verdict_of(runs.steps(), runs.fragments())
    assert verdict["outcome"] == "pushed"
    assert verdict["headline"] == "Version 1719848123 is served"
    assert verdict["remedy"] == ""


def test_the_verdict_of_a_push_with_another_label_does_not_state_that_it_is_served() -> None:
    fragments = runs.fragments()
    fragments["VersionedPusher"]["label"] = "canary"
    headline = "Version 1719848123 is published with the label canary"
    assert verdict_of(runs.steps(), fragments)["headline"] == headline


def test_the_verdict_of_a_data_gate() -> None:
    gate = runs.gate("data.reject_fraction", False, "13 % were rejected: check rejects/")
    steps = runs.steps("DataGate", "GateRejectedError")
    verdict = verdict_of(steps, {}, exit_code=3, error="GateRejectedError", gates=[gate])
    assert verdict["outcome"] == "rejected"
    assert verdict["headline"] == "Rejected by data.reject_fraction: nothing was pushed"
    assert verdict["cause"] == "13 % were rejected: check rejects/."


def test_the_verdict_of_a_model_gate_takes_precedence_over_the_pushers_reason() -> None:
    fragments = runs.fragments()
    fragments["RetrievalEvaluator"]["gates"] = [runs.gate("model.against_popularity", False, "low")]
    fragments["VersionedPusher"] |= {"pushed": False, "version": None, "reason": "train longer"}
    verdict = verdict_of(runs.steps(), fragments, exit_code=4)
    assert verdict["outcome"] == "rejected"
    assert "model.against_popularity" in verdict["headline"]
    assert verdict["cause"] == "low."
    assert verdict["remedy"].startswith("Resolve the cause, then run the same command again")


def test_the_verdict_of_a_push_without_a_blessing_is_the_pushers_reason() -> None:
    fragments = runs.fragments()
    fragments["VersionedPusher"] |= {"pushed": False, "version": None, "reason": "no blessing"}
    verdict = verdict_of(runs.steps(), fragments, exit_code=4)
    assert (verdict["outcome"], verdict["cause"]) == ("rejected", "no blessing")


def test_the_verdict_of_a_step_that_fails_after_the_push_states_the_served_version() -> None:
    steps = [*runs.steps(), {**runs.steps("DataGate")[4], "component": "Export"}]
    verdict = verdict_of(steps, runs.fragments(), exit_code=1, error="x")
    assert verdict["headline"] == "Failed in Export: version 1719848123 is served"


@pytest.mark.parametrize("step_error", [None, "OOM when allocating"])
def test_the_verdict_of_a_failed_step_states_the_step_the_cause_and_the_log(
    step_error: str | None,
) -> None:
    steps = runs.steps("TwoTowerTrainer", step_error)
    verdict = verdict_of(steps, {}, exit_code=1, error="OOM when allocating.")
    assert verdict["outcome"] == "failed"
    assert verdict["headline"] == "Failed in TwoTowerTrainer: nothing was pushed"
    assert verdict["cause"] == "OOM when allocating."
    assert "runs/demo/run.log" in verdict["remedy"]


def test_the_verdict_of_a_run_that_never_started() -> None:
    verdict = verdict_of([], {}, exit_code=2, error="no file matches data/*.csv")
    assert (verdict["outcome"], verdict["cause"]) == ("failed", "no file matches data/*.csv")


@pytest.mark.parametrize(
    ("state", "error", "cause"),
    [
        ("SUCCEEDED", None, "There is no error message."),
        ("SUCCEEDED", {}, "There is no error message."),
        ("CANCELLED", {"code": 1, "message": "cancelled by a user"}, "cancelled by a user"),
        ("FAILED", {"code": 9, "message": "DataGate failed"}, "DataGate failed"),
    ],
)
def test_the_verdict_of_a_final_status_contains_the_state_and_the_error_only(
    state: str, error: dict[str, Any] | None, cause: str
) -> None:
    job = "projects/1/locations/l/pipelineJobs/demo-7"
    final = {"state": state, "pipelineJobResourceName": job, "error": error}
    record = collect_run([], {}, final)
    verdict = record["verdict"]
    assert verdict["outcome"] == "told_by_state"
    assert verdict["headline"] == f"The pipeline ended with the state {state}"
    assert verdict["cause"] == cause
    assert f"artifacts of {job}" in verdict["remedy"]
    assert "push" not in " ".join(verdict.values())
    assert (record["status"], record["name"]) == (state, None)
    assert record["error"] == (error or {}).get("message")
