"""Runs, models and their metadata exchanged between the two version sets, in both directions."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from schemas.bundle import WARMUP_FILE
from tests.chain_dataset import item_id, next_item
from tests.environments import optional_environment
from tests.pipeline.runners.chain_project import NUM_ITEMS, ROOT, Project, make_project
from tests.serving.older_server import Job, check_other_python_agrees

pytestmark = pytest.mark.nightly

WALK = [item_id(number) for number in range(40, 46)]


@dataclass(frozen=True)
class Exchange:
    """One run directory, which two environments use.

    Attributes:
      first: The project with the environment that made the run.
      second: The same folder with the other environment.
    """

    first: Project
    second: Project


@pytest.fixture(scope="module", params=["this set first", "other set first"])
def exchange(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    other = str(optional_environment(".venv-other", "make setup-other"))
    this_set = make_project(tmp_path_factory.mktemp("project"))
    other_set = replace(this_set, python=other)
    exchange = Exchange(this_set, other_set)
    if request.param == "other set first":
        exchange = Exchange(other_set, this_set)
    done = exchange.first.run()
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return exchange


def succeed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return done.stdout


def recommended(project: Project) -> dict[str, float]:
    """Returns the scores of the items that are recommended after a walk on the chain."""
    history = ("--history", ",".join(WALK), "-k", "5", "--json")
    done = project.command("recommend", "runs/chain/serving/chain", "--user", "nobody", *history)
    return {row["item_id"]: row["score"] for row in json.loads(succeed(done))}


def newest_manifest(project: Project) -> dict[str, Any]:
    folder = project.run_dir / "serving" / "chain" / max(project.versions(), key=int)
    return json.loads((folder / "assets.extra" / "manifest.json").read_text("utf-8"))


def version_set(project: Project) -> str:
    program = "import sys; print('python%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [project.python, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_record_and_the_manifest_name_the_set_of_the_run(exchange: Exchange) -> None:
    expected = version_set(exchange.first)

    assert exchange.first.read("run.json")["version_set"] == expected
    assert exchange.first.read("metrics.json")["version_set"] == expected
    assert newest_manifest(exchange.first)["version_set"] == expected


def test_both_sets_read_the_same_examples_transform_graphs_and_metadata(
    exchange: Exchange,
) -> None:
    found = [
        json.loads(
            succeed(
                subprocess.run(
                    [
                        project.python,
                        "-m",
                        "tests.pipeline.runners.read_artifacts",
                        str(project.run_dir),
                    ],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    check=False,
                )
            ).splitlines()[-1]
        )
        for project in (exchange.first, exchange.second)
    ]

    assert found[0]["executions"] == found[1]["executions"]
    assert found[0]["examples"] == found[1]["examples"]
    assert len(found[0]["transformed"]) == 2
    for graph, features in found[0]["transformed"].items():
        assert found[1]["transformed"][graph].keys() == features.keys()
        for name, values in features.items():
            assert found[1]["transformed"][graph][name] == pytest.approx(values, rel=1e-5), name


@pytest.mark.parametrize("kind", ["serving", "serving_portable"])
def test_every_signature_of_a_pushed_model_answers_alike_in_both_sets(
    exchange: Exchange, tmp_path: Path, kind: str
) -> None:
    (python,) = {exchange.first.python, exchange.second.python} - {sys.executable}
    model = exchange.first.run_dir / kind / "chain" / max(exchange.first.versions(kind), key=int)
    assert (model / WARMUP_FILE).exists()

    check_other_python_agrees(Path(python), tmp_path, [Job(model)], scann=kind == "serving")


def test_the_commands_of_the_other_set_use_a_pushed_model(exchange: Exchange) -> None:
    first, second = exchange.first, exchange.second

    expected = recommended(first)
    assert next_item(WALK[-1], NUM_ITEMS) in expected
    assert recommended(second) == pytest.approx(expected, rel=1e-5)
    assert "recall@10" in succeed(second.command("report", "runs/chain"))


def test_the_other_set_re_indexes_lists_and_rolls_back_a_pushed_model(exchange: Exchange) -> None:
    first, second = exchange.first, exchange.second
    (trained,) = first.versions()
    sold_out = second.folder / "sold-out.txt"

    succeed(second.command("reindex", "runs/chain", "--catalogue", "world/items.csv"))
    assert newest_manifest(second)["reindex_of"] == trained
    assert newest_manifest(second)["version_set"] == version_set(second)
    by_both = recommended(second)
    assert recommended(first) == pytest.approx(by_both, rel=1e-5)

    sold_out.write_text(next_item(WALK[-1], NUM_ITEMS) + "\n", encoding="utf-8")
    succeed(second.command("unavailable", "runs/chain", "sold-out.txt"))
    assert next_item(WALK[-1], NUM_ITEMS) not in recommended(first)
    sold_out.write_text("", encoding="utf-8")
    succeed(first.command("unavailable", "runs/chain", "sold-out.txt"))
    assert next_item(WALK[-1], NUM_ITEMS) in recommended(second)

    succeed(second.command("rollback", "runs/chain", "--to", trained))
    assert max(second.versions(), key=int) == trained


def test_the_other_set_evaluates_what_serves_and_replaces_it(exchange: Exchange) -> None:
    served = max(exchange.second.versions(), key=int)

    succeed(exchange.second.run())

    metrics = exchange.second.read("metrics.json")
    current = metrics["test"]["current"]
    assert current["recall@10"] > 0.9
    assert max(exchange.second.versions(), key=int) != served
    assert exchange.second.read("run.json")["version_set"] == version_set(exchange.second)
    # The libraries are part of every cache key.
    assert "cached" not in set(exchange.second.statuses().values())

    succeed(exchange.first.command("rollback", "runs/chain"))
    assert next_item(WALK[-1], NUM_ITEMS) in recommended(exchange.first)
