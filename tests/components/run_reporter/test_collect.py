"""metrics.json and run.json hold what the steps said, and null where none spoke."""

import json

import pytest

from components.fragment import write_fragment
from components.run_reporter.collect import collect_metrics, collect_run, gather_fragments
from tests.components.run_reporter import runs

METRICS_KEYS = [
    "protocol",
    "test",
    "confidence",
    "protocols",
    "baselines",
    "slices",
    "diagnosis",
    "index",
    "gates",
]


def test_fragments_are_gathered_from_every_artifact_that_has_one(tmp_path) -> None:
    written = runs.fragments()
    steps = runs.steps()
    for index, step in enumerate(steps):
        step["fragment_uris"] = [str(tmp_path / f"{index}-silent"), str(tmp_path / f"{index}")]
    for index, (name, fragment) in enumerate(written.items()):
        write_fragment(str(tmp_path / str(index)), name, fragment)
    assert gather_fragments(steps) == json.loads(json.dumps(written))


def test_metrics_of_a_complete_run_have_the_keys_of_the_design() -> None:
    told = runs.fragments()
    metrics = collect_metrics(told, runs.run())
    assert list(metrics) == METRICS_KEYS
    evaluation = told["RetrievalEvaluator"]
    for key in METRICS_KEYS[:-2]:
        assert metrics[key] == evaluation[key]
    assert set(metrics["test"]) == {"model", "baselines"}
    assert metrics["index"] == told["ScannIndexer"]["index"]
    assert [gate["name"] for gate in metrics["gates"]] == [
        "data.reject_fraction",
        "model.beats_popularity",
        "index.recall",
    ]
    for gate in metrics["gates"]:
        assert set(gate) == {"name", "passed", "value", "threshold", "reason"}


def test_a_run_rejected_by_its_data_has_the_gates_of_the_rejection_and_no_metrics() -> None:
    rejection = runs.gate("data.reject_fraction", False, "too many")
    metrics = collect_metrics({}, runs.run(gates=[rejection]))
    assert metrics == {**dict.fromkeys(METRICS_KEYS), "gates": [rejection]}


def test_a_gate_that_a_fragment_holds_is_not_told_twice() -> None:
    gate = runs.gate("data.reject_fraction", False, "too many")
    told = {"DataGate": {"component": "DataGate", "gates": [gate]}}
    assert collect_metrics(told, runs.run(gates=[gate]))["gates"] == [gate]


def test_the_run_holds_status_and_seconds_of_every_step() -> None:
    told = runs.fragments()
    record = collect_run(runs.steps(), told, runs.run())
    assert [(s["component"], s["seconds"]) for s in record["components"]] == list(runs.STEPS)
    assert {step["status"] for step in record["components"]} == {"complete"}
    for key in ("name", "config", "config_hash", "versions", "started", "status", "exit_code"):
        assert record[key] == runs.run()[key]
    assert record["training"] == told["TwoTowerTrainer"]
    assert record["push"]["version"] == "1719848123"
    assert record["ingestion"]["interactions"]["read"] == 201_530


def verdict(steps, fragments, **run):
    return collect_run(steps, fragments, runs.run(**run))["verdict"]


def test_the_verdict_of_a_push() -> None:
    told = verdict(runs.steps(), runs.fragments())
    assert told["outcome"] == "pushed"
    assert told["headline"] == "Version 1719848123 is served"
    assert told["cure"] == ""


def test_the_verdict_of_a_data_gate() -> None:
    gate = runs.gate("data.reject_fraction", False, "13 % were rejected: look at rejects/")
    steps = runs.steps("DataGate", "GateRejectedError")
    told = verdict(steps, {}, exit_code=3, error="GateRejectedError", gates=[gate])
    assert told["outcome"] == "rejected"
    assert told["headline"] == "Rejected by data.reject_fraction: nothing was pushed"
    assert told["cause"] == "13 % were rejected: look at rejects/."


def test_the_verdict_of_a_model_gate_stands_above_the_pushers_rejection() -> None:
    fragments = runs.fragments()
    fragments["RetrievalEvaluator"]["gates"] = [runs.gate("model.beats_popularity", False, "low")]
    fragments["VersionedPusher"] |= {"pushed": False, "version": None, "reason": "train longer"}
    told = verdict(runs.steps(), fragments, exit_code=4)
    assert told["outcome"] == "rejected"
    assert "model.beats_popularity" in told["headline"]
    assert told["cause"] == "low."
    assert told["cure"].startswith("Cure that")


def test_the_verdict_of_a_push_without_a_blessing_is_the_pushers_reason() -> None:
    fragments = runs.fragments()
    fragments["VersionedPusher"] |= {"pushed": False, "version": None, "reason": "no blessing"}
    told = verdict(runs.steps(), fragments, exit_code=4)
    assert (told["outcome"], told["cause"]) == ("rejected", "no blessing")


def test_the_verdict_of_a_step_that_fails_after_the_push_says_what_serves() -> None:
    steps = [*runs.steps(), {**runs.steps("DataGate")[3], "component": "Export"}]
    told = verdict(steps, runs.fragments(), exit_code=1, error="x")
    assert told["headline"] == "Failed in Export: version 1719848123 is served"


@pytest.mark.parametrize("step_error", [None, "OOM when allocating"])
def test_the_verdict_of_a_failed_step_names_it_its_cause_and_the_log(step_error) -> None:
    steps = runs.steps("TwoTowerTrainer", step_error)
    told = verdict(steps, {}, exit_code=1, error="OOM when allocating.")
    assert told["outcome"] == "failed"
    assert told["headline"] == "Failed in TwoTowerTrainer: nothing was pushed"
    assert told["cause"] == "OOM when allocating."
    assert "runs/demo/run.log" in told["cure"]


def test_the_verdict_of_a_run_that_never_began() -> None:
    told = verdict([], {}, exit_code=2, error="no file matches data/*.csv")
    assert (told["outcome"], told["cause"]) == ("failed", "no file matches data/*.csv")


@pytest.mark.parametrize(
    ("state", "error", "cause"),
    [
        ("SUCCEEDED", None, "No error message came with it."),
        ("SUCCEEDED", {}, "No error message came with it."),
        ("CANCELLED", {"code": 1, "message": "cancelled by a user"}, "cancelled by a user"),
        ("FAILED", {"code": 9, "message": "DataGate failed"}, "DataGate failed"),
    ],
)
def test_the_verdict_of_a_final_status_states_what_was_told_and_no_more(
    state, error, cause
) -> None:
    job = "projects/1/locations/l/pipelineJobs/demo-7"
    final = {"state": state, "pipelineJobResourceName": job, "error": error}
    record = collect_run([], {}, final)
    told = record["verdict"]
    assert told["outcome"] == "told_by_state"
    assert told["headline"] == f"The pipeline ended with the state {state}"
    assert told["cause"] == cause
    assert f"artifacts of {job}" in told["cure"]
    assert "push" not in " ".join(told.values())
    assert (record["status"], record["name"]) == (state, None)
    assert record["error"] == (error or {}).get("message")
