"""Whole runs through the command line, one after another in one directory."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from components.indexer.model.warmup import read_requests
from components.pusher.manifest import read_manifest
from schemas.bundle import WARMUP_FILE
from schemas.serving import SIGNATURES
from schemas.version_set import installed_set
from tests.chain_dataset import item_id, next_item
from tests.pipeline.runners.chain_project import NUM_ITEMS, Project, make_project
from tests.serving.answer import answers_in_new_process
from tests.serving.older_server import Job, check_older_server_agrees

pytestmark = pytest.mark.slow

NEVER_CACHED = {"CurrentModel", "DataGate", "RetrievalEvaluator", "VersionedPusher"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def first(project: Project) -> subprocess.CompletedProcess[str]:
    done = project.run()
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return done


def test_first_run_pushes_and_prints_its_outcome(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    assert len(project.versions()) == 1
    assert project.versions("serving_portable") == project.versions()
    for name in (
        "metrics.json",
        "run.json",
        "report.html",
        "metadata.sqlite",
        "run.log",
        "rejects/interactions.jsonl.gz",
        "rejects/catalogue.jsonl.gz",
    ):
        assert (project.run_dir / name).stat().st_size > 0
    assert set(project.statuses().values()) == {"complete"}
    assert "[ 1/17]" in first.stderr
    assert "[17/17] RunReporter done" in first.stderr
    assert "epoch 1/12" in first.stderr
    assert "tensorflow/" not in first.stderr
    assert "recall@10" in first.stdout
    assert first.stdout.count("is recommended:") == 3


def test_model_learns_the_chain_and_beats_popularity(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    metrics = project.read("metrics.json")
    test = metrics["test"]
    assert test["model"]["recall@10"] > 0.9
    assert test["model"]["recall@10"] > test["baselines"]["popularity"]["recall@10"]
    gates = {gate["name"]: gate for gate in metrics["gates"]}
    assert all(gate["passed"] for gate in gates.values())
    assert gates["model.against_popularity"]["verdict"] == "better"
    assert "no model is served yet" in gates["model.against_served"]["reason"]
    (version,) = project.versions()
    manifest = read_manifest(str(project.run_dir / "serving" / "chain" / version))
    assert manifest.sizes["items"] == NUM_ITEMS
    log_s = [json.loads(line)["time"] for line in project.log.read_text().splitlines()]
    assert manifest.train_end_s is not None
    assert min(log_s) < manifest.train_end_s < max(log_s)
    named = {record["version_set"] for record in (metrics, project.read("run.json"))}
    assert {*named, manifest.version_set} == {installed_set()}


def test_pushed_model_and_its_exact_version_agree_when_loaded_as_in_tf_serving(
    project: Project, first: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    version = project.versions()[0]
    served = project.run_dir / "serving" / "chain" / version
    portable_model = project.run_dir / "serving_portable" / "chain" / version
    requests = list(read_requests(str(served / WARMUP_FILE)))
    assert {request[0] for request in requests} == set(SIGNATURES)
    (answers,) = answers_in_new_process(tmp_path, [(str(served), requests)], scann=True)
    (exact,) = answers_in_new_process(tmp_path, [(str(portable_model), requests)], scann=False)
    for answer, expected in zip(answers, exact, strict=True):
        assert answer.keys() == expected.keys()
        for name, value in expected.items():
            if value.dtype.kind == "f":
                assert abs(answer[name] - value).max() < 1e-3
    assert len(answers) >= len(SIGNATURES)


@pytest.mark.parametrize("kind", ["serving", "serving_portable"])
def test_an_older_server_returns_the_same_results(
    project: Project, first: subprocess.CompletedProcess[str], tmp_path: Path, kind: str
) -> None:
    model = project.run_dir / kind / "chain" / project.versions(kind)[0]
    check_older_server_agrees(tmp_path, [Job(model)], scann=kind == "serving")


def test_recommend_returns_the_next_item_of_the_chain(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    walk = [item_id(number) for number in range(40, 46)]
    model = "runs/chain/serving/chain"
    done = project.command(
        "recommend", model, "--user", "nobody", "--history", ",".join(walk), "-k", "5", "--json"
    )
    assert done.returncode == 0, done.stderr
    items = [row["item_id"] for row in json.loads(done.stdout)]
    assert next_item(walk[-1], NUM_ITEMS) in items
    assert not set(items) & set(walk)


def sections_without_content(project: Project) -> list[str]:
    """Returns the anchors of the sections of report.html that only say why they are empty."""
    page = (project.run_dir / "report.html").read_text("utf-8")
    return re.findall(r'<h2 id="(\w+)"[^>]*>[^<]*</h2>\s*<p class="missing">', page)


def test_the_report_of_a_first_run_has_every_section_but_the_changes(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    assert sections_without_content(project) == ["changes"]
    steps = project.read("run.json")["components"]
    assert all(step["peak_memory_bytes"] > 100_000_000 for step in steps)


def test_report_prints_the_summary(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    done = project.command("report", "runs/chain")
    assert done.returncode == 0, done.stderr
    assert "recall@10" in done.stdout


def test_lineage_comparison_and_training_of_a_run(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    lineage = json.loads(project.command("lineage", "runs/chain", "--json").stdout)
    assert (lineage["made_by"], lineage["missing"]) == ("run", [])
    record = project.read("run.json")
    assert lineage["data"] == record["provenance"]["data"]
    assert lineage["run"]["launch"] == record["provenance"]["launch"]
    steps = {step["component"]: step for step in lineage["steps"]}
    assert {"InteractionExampleGen", "WindowsTransform", "TwoTowerTrainer"} < set(steps)
    assert steps["TwoTowerTrainer"]["outputs"]["model_run"] == record["paths"]["tensorboard"]
    assert f"--logdir {record['paths']['tensorboard']}" in first.stdout
    compared = json.loads(project.command("compare", "runs/chain", "runs/chain", "--json").stdout)
    assert compared["has_same_data"]
    assert compared["metrics"]["is_paired"]
    values = {row["metric"]: row["b"] for row in compared["metrics"]["metrics"]}
    assert values == project.read("metrics.json")["test"]["model"]


def test_second_run_uses_the_cache_except_for_an_edited_step(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    versions = project.versions()
    source = project.folder / "components" / "indexer" / "executor.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    again = project.run()
    assert again.returncode == 0, again.stderr[-3000:]
    statuses = project.statuses()
    ran = {name for name, status in statuses.items() if status == "complete"}
    assert ran == NEVER_CACHED | {"ScannIndexer"}
    assert {statuses[name] for name in set(statuses) - ran} == {"cached"}
    assert set(versions) <= set(project.versions())
    assert "unchanged, from cache" in again.stderr
    # The towers are those that serve.
    (gate,) = [g for g in project.read("run.json")["gates"] if g["name"] == "model.against_served"]
    assert (gate["verdict"], gate["value"]) == ("not worse", pytest.approx(0.0, abs=1e-6))
    assert sections_without_content(project) == []


def test_edited_input_runs_dependent_steps(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    catalogue = project.folder / "world" / "items.csv"
    catalogue.write_text(
        catalogue.read_text(encoding="utf-8") + "item-999,a new one,travel,3,1\n", encoding="utf-8"
    )
    before = project.versions()
    done = project.run()
    assert done.returncode == 0, done.stderr[-3000:]
    ran = {name for name, status in project.statuses().items() if status == "complete"}
    assert {"CatalogueExampleGen", "TwoTowerTrainer", "ScannIndexer"} <= ran
    assert "ConfigSchema" not in ran
    assert len(project.versions()) == len(before) + 1


@pytest.mark.parametrize(
    ("overrides", "code", "message"),
    [
        (
            # The first item of a user cannot be predicted, so recall@1 is below 1.
            ("evaluation.gates.metric=recall@1", "evaluation.gates.min_value=1.0"),
            4,
            "model.min_value",
        ),
        (("train.max_epochs=1", "train.events_per_step=100000"), 4, "model.against_served: worse"),
        (("interactions.path=world/absent.jsonl",), 2, "absent.jsonl"),
        (("interactions.fields.item_id=itm",), 2, "did you mean 'item'"),
        (("train.max_epoch=1",), 2, "did you mean 'max_epochs'"),
    ],
)
def test_after_a_rejection_or_a_failure_the_same_versions_are_served(
    project: Project,
    first: subprocess.CompletedProcess[str],
    overrides: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    before = project.versions(), project.versions("serving_portable")
    done = project.run(*overrides)
    assert done.returncode == code, done.stderr[-3000:]
    assert message in done.stderr + done.stdout
    assert (project.versions(), project.versions("serving_portable")) == before


def test_data_gate_rejects_a_log_with_many_malformed_lines(
    project: Project, first: subprocess.CompletedProcess[str]
) -> None:
    before = project.versions()
    log = project.log
    clean = log.read_text(encoding="utf-8")
    log.write_text(clean + "not json\n" * 400, encoding="utf-8")
    done = project.run()
    log.write_text(clean, encoding="utf-8")
    assert done.returncode == 3, done.stderr[-3000:]
    assert "data.interaction_reject_fraction" in done.stderr
    assert project.statuses()["TwoTowerTrainer"] == "skipped"
    failed = [gate for gate in project.read("metrics.json")["gates"] if not gate["passed"]]
    assert [gate["name"] for gate in failed] == ["data.interaction_reject_fraction"]
    missing = sections_without_content(project)
    assert "quality" in missing
    assert not {"data", "rejects", "features", "gates", "steps", "changes"} & set(missing)
    assert project.versions() == before


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("timestamp", "policy"), [("time", "temporal"), ("row_order", "leave_one_out")]
)
def test_one_user_and_fewer_than_100_items_are_served_by_exact_search(
    project: Project, timestamp: str, policy: str
) -> None:
    rows = [f"reader,book-{number},{1_700_000_000 + 100 * number}" for number in range(40)]
    log = project.folder / "world" / "one-user.csv"
    log.write_text("\n".join(["user,item,time", *rows]) + "\n", encoding="utf-8")
    settings = {
        "name": "one-user",
        "output": f"runs/one-user-{policy}",
        "split": {"policy": policy},
        "interactions": {
            "path": "world/one-user.csv",
            "format": "csv",
            "fields": {"user_id": "user", "item_id": "item", "timestamp": timestamp},
        },
        "train": {"max_epochs": 1},
        "index": {"k": 3},
    }
    (project.folder / "one-user.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    done = project.command("run", "one-user.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "fewer than 100" in done.stderr
    assert "is recommended:" in done.stdout
