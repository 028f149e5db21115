"""Whole re-indexes through the command line, one after another in the directory of a run."""

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.indexer.model.warmup import Request, read_requests
from components.pusher.manifest import Manifest, read_manifest, write_manifest
from schemas import serving
from schemas.bundle import WARMUP_FILE
from tests.chain_dataset import START_S, item_id, next_item
from tests.pipeline.runners.chain_project import NUM_ITEMS, Project, make_project
from tests.serving.answer import answers_in_new_process

pytestmark = pytest.mark.slow

DROPPED, NEW = item_id(46), "item-new"
LISTED_AT_S = START_S + 400 * 86_400
Row = dict[str, str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("project"))
    done = project.run()
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return project


def catalogue(project: Project) -> list[Row]:
    with (project.folder / "world" / "items.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def changed(project: Project) -> list[Row]:
    """Returns the catalogue without one item and with one that was not in training."""
    kept = [row for row in catalogue(project) if row["item"] != DROPPED]
    new = {"title": "the poetry of 46", "genres": "poetry", "price": "51", "added": LISTED_AT_S}
    return [*kept, {"item": NEW, **{name: str(value) for name, value in new.items()}}]


def reindex(project: Project, rows: list[Row], *options: str) -> subprocess.CompletedProcess[str]:
    names = ["item", "title", "genres", "price", "added"]
    with (project.folder / "new.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return project.command("reindex", "runs/chain", "--catalogue", "new.csv", *options)


@pytest.fixture(scope="module")
def reindexed(project: Project) -> subprocess.CompletedProcess[str]:
    before = {name: (project.run_dir / name).read_bytes() for name in ("metrics.json", "run.json")}
    done = reindex(project, changed(project))
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    assert before == {name: (project.run_dir / name).read_bytes() for name in before}
    return done


def served(project: Project, version: str, kind: str = "serving") -> Path:
    return project.run_dir / kind / "chain" / version


def answers(
    project: Project, folder: Path, version: str, requests: list[Request]
) -> list[dict[str, Any]]:
    jobs = [(str(served(project, version)), requests)]
    (outputs,) = answers_in_new_process(folder, jobs, scann=True)
    return outputs


def test_a_new_version_is_served_and_its_manifest_names_the_trained_version(
    project: Project, reindexed: subprocess.CompletedProcess[str]
) -> None:
    old, new = project.versions()
    assert project.versions("serving_portable") == [old, new]
    trained, manifest = (read_manifest(str(served(project, version))) for version in (old, new))
    assert (trained.reindex_of, manifest.reindex_of) == ("", old)
    assert manifest.metrics == trained.metrics
    assert trained.as_of is not None
    assert manifest.as_of == "2024-12-18T22:13:20+00:00" > trained.as_of
    record = json.loads((project.run_dir / "reindex" / "run.json").read_text(encoding="utf-8"))
    assert record["push"]["reindex_of"] == old
    assert record["config"]["items"]["path"] == "new.csv"
    assert {step["component"] for step in record["components"]}.isdisjoint({"TwoTowerTrainer"})
    assert (project.run_dir / "reindex" / "report.html").stat().st_size > 0
    gates = {gate["name"]: gate for gate in record["gates"]}
    assert {"data.catalogue_reject_fraction", "data.catalogue_anomalies"} <= set(gates)
    assert (
        "query_embedding: serving outputs equal training outputs" in gates["index.parity"]["reason"]
    )
    lineage = json.loads(project.command("lineage", "runs/chain", "--json").stdout)
    of_report = json.loads(project.command("lineage", "runs/chain/reindex", "--json").stdout)
    assert (of_report["version"], len(of_report["steps"])) == (new, len(lineage["steps"]))
    assert (lineage["made_by"], lineage["first_version"]) == ("reindex", old)
    assert (lineage["version"], lineage["missing"]) == (new, [])
    steps = {step["component"]: step["pipeline"] for step in lineage["steps"]}
    assert (steps["ScannIndexer"], steps["TwoTowerTrainer"]) == ("chain-reindex", "chain")
    assert "[16/16] RunReporter done" in reindexed.stderr
    assert reindexed.stdout.count("is recommended:") == 3


def test_query_embeddings_are_unchanged(
    project: Project, reindexed: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    old, new = project.versions()
    requests = [
        request
        for request in read_requests(str(served(project, old) / WARMUP_FILE))
        if request[0] == serving.QUERY_EMBEDDING
    ]
    assert requests
    for before, after in zip(
        answers(project, tmp_path, old, requests),
        answers(project, tmp_path, new, requests),
        strict=True,
    ):
        np.testing.assert_array_equal(before["embedding"], after["embedding"])


def test_the_removed_item_is_not_returned_and_the_new_one_is(
    project: Project, reindexed: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    old, new = project.versions()
    walk = [item_id(number).encode() for number in range(40, 46)]
    assert next_item(walk[-1].decode(), NUM_ITEMS) == DROPPED
    warmup_inputs = next(
        inputs
        for signature, inputs in read_requests(str(served(project, old) / WARMUP_FILE))
        if signature == serving.RECOMMEND
    )
    request = {name: values[:1] for name, values in warmup_inputs.items()}
    width = request[serving.HISTORY_ITEM_ID].shape[1]
    request[serving.HISTORY_ITEM_ID] = np.array([(walk + [b""] * width)[:width]], dtype=object)
    request[serving.K] = np.array([NUM_ITEMS + 1], np.int32)
    similar = [
        (serving.SIMILAR_ITEMS, {"item_id": np.array([item.encode()], dtype=object)})
        for item in (DROPPED, NEW)
    ]
    requests: list[Request] = [(serving.RECOMMEND, request), *similar]

    recommended, of_dropped, of_new = (
        [item for item in answer["item_id"][0].tolist() if item]
        for answer in answers(project, tmp_path, new, requests)
    )
    before = answers(project, tmp_path, old, requests[:1])[0]["item_id"][0].tolist()

    assert DROPPED.encode() in before
    assert NEW.encode() not in before
    assert NEW.encode() in recommended
    assert of_dropped == []
    assert len(of_new) > 10
    assert DROPPED.encode() not in {*recommended, *of_new}
    assert len(set(recommended)) == len(recommended)


def test_a_second_reindex_refers_to_the_trained_version(
    project: Project, reindexed: subprocess.CompletedProcess[str]
) -> None:
    old = project.versions()[0]
    done = reindex(project, changed(project), "--output", "elsewhere")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (project.folder / "elsewhere" / "report.html").stat().st_size > 0
    newest = read_manifest(str(served(project, project.versions()[-1])))
    assert newest.reindex_of == old


@pytest.mark.parametrize(
    ("twice", "options", "code", "message"),
    [
        (2, (), 3, "data.catalogue_reject_fraction"),
        (0, (), 2, "no item could be read"),
        (1, ("--set", "index.max_latency_ms=0.000001"), 4, "index.latency"),
        (1, ("--set", "train.max_epochs=1"), 2, "train cannot change"),
        (1, ("--set", "items.features.price=text"), 2, "price: number"),
    ],
)
def test_after_a_rejection_or_a_failure_the_same_versions_are_served(
    project: Project,
    reindexed: subprocess.CompletedProcess[str],
    twice: int,
    options: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    before = project.versions(), project.versions("serving_portable")
    done = reindex(project, changed(project) * twice, *options)
    assert done.returncode == code, done.stderr[-3000:]
    assert message in done.stderr + done.stdout
    assert (project.versions(), project.versions("serving_portable")) == before


def test_a_truncated_catalogue_is_rejected(
    project: Project, reindexed: subprocess.CompletedProcess[str]
) -> None:
    before = project.versions(), project.versions("serving_portable")
    done = reindex(project, changed(project)[:5])
    assert done.returncode == 3, done.stderr[-3000:]
    assert f"5 items, {5 / NUM_ITEMS:.4g} of the {NUM_ITEMS} items of version" in done.stderr
    assert "raise push.max_catalogue_drop" in done.stderr
    assert (project.versions(), project.versions("serving_portable")) == before


def test_another_served_model_is_not_replaced(
    project: Project, reindexed: subprocess.CompletedProcess[str]
) -> None:
    newest = project.versions()[-1]
    other = str(int(newest) + 1)
    for kind in ("serving", "serving_portable"):
        target = shutil.copytree(served(project, newest, kind), served(project, other, kind))
        write_manifest(str(target), Manifest("chain", version=other, content_hash="other"))
    before = project.versions()
    done = reindex(project, changed(project))
    assert done.returncode == 2, done.stderr[-3000:]
    assert "would replace another model" in done.stderr
    assert project.versions() == before


def test_a_moved_run_directory_is_reindexed_at_its_new_path(
    project: Project, reindexed: subprocess.CompletedProcess[str]
) -> None:
    run_dir = project.run_dir
    moved = run_dir.rename(run_dir.with_name("moved"))
    shutil.rmtree(moved / "serving")
    shutil.rmtree(moved / "serving_portable")
    done = project.command("reindex", "runs/moved", "--catalogue", "world/items.csv")
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list((moved / "serving" / "chain").glob("[0-9]*"))) == 1
    assert not run_dir.exists()
