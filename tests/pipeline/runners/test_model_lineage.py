"""The lineage of a pushed version, among other pushes and cached executions."""

import json
from pathlib import Path

import pytest

from pipeline.runners.model_lineage import read_model_lineage
from schemas.errors import InputError
from tests.pipeline.runners.recorded_store import Store


@pytest.fixture
def path(tmp_path: Path) -> str:
    """The metadata of two models, the second of which was pushed again by a cached run."""
    path = str(tmp_path / "metadata.sqlite")
    store = Store(path)
    for number in ("1", "2"):
        ids = {
            key: store.create(f"{key}/{number}")
            for key in (
                "model",
                "proven",
                "windows",
                "catalogue",
                "bundle",
                "model_blessing",
                "refit_blessing",
                "evaluation",
                "events_statistics",
            )
        }
        data = json.dumps({"erase": {"item_ids": [f"erased {number}"]}})
        store.run("chain.CatalogueExampleGen", {}, {"examples": ids["catalogue"]}, data=data)
        indexed = {key: ids[key] for key in ("model", "windows", "catalogue")}
        evaluated = ("bundle", "model_blessing", "evaluation", "events_statistics")
        for _ in range(int(number)):
            store.run("chain.ScannIndexer", indexed, {"bundle": ids["bundle"]})
            version = store.create("pushed", pushed_version=f"10{number}")
            pushed = {key: ids[key] for key in evaluated}
            if number == "2":  # refitted
                pushed |= {"model": ids["proven"], "refit_blessing": ids["refit_blessing"]}
            store.run("chain.VersionedPusher", pushed, {"pushed_model": version})
    return path


@pytest.mark.parametrize("number", ["1", "2"])
def test_the_lineage_of_a_version_is_its_own_model(path: str, number: str) -> None:
    lineage = read_model_lineage(path, "chain", f"10{number}", lambda uri: f"here/{uri}")

    assert lineage.model == f"here/model/{number}"
    assert lineage.windows == f"here/windows/{number}"
    assert lineage.model_blessing == f"here/model_blessing/{number}"
    assert lineage.evaluation == f"here/evaluation/{number}"
    assert lineage.events_statistics == f"here/events_statistics/{number}"
    assert lineage.erase.item_ids == (f"erased {number}",)


def test_refitted_towers_and_proven_ones_are_two_artifacts(path: str) -> None:
    before = read_model_lineage(path, "chain", "101", str)
    refitted = read_model_lineage(path, "chain", "102", str)

    assert (before.proven_model, before.refit_blessing) == ("model/1", None)
    assert (refitted.model, refitted.proven_model) == ("model/2", "proven/2")
    assert refitted.refit_blessing == "refit_blessing/2"


@pytest.mark.parametrize(("name", "version"), [("chain", "103"), ("other", "101")])
def test_an_unknown_push_is_reported(path: str, name: str, version: str) -> None:
    with pytest.raises(InputError, match="has no record of a push"):
        read_model_lineage(path, name, version, str)


def test_missing_metadata_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="whole run directory"):
        read_model_lineage(str(tmp_path / "metadata.sqlite"), "chain", "101", str)
    assert not list(tmp_path.iterdir())
