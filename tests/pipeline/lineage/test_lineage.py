"""The lineage of versions: of a run, a re-index, a list of unavailable items, a rollback."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from components.pusher.manifest import Manifest
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.publish import publish
from components.pusher.rollback import rollback
from components.pusher.unavailable_lists import write_lists
from pipeline.commands.lineage import lineage_command
from pipeline.lineage.lineage import read_lineage
from pipeline.paths import METADATA_FILE
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination
from tests.pipeline.commands.consoles import console
from tests.pipeline.runners.recorded_store import Store

Provenance = dict[str, Any]


class PushedRun(Destination):
    """A run directory with versions and the metadata of their pushes."""

    def __init__(self, root: Path):
        root.mkdir()
        super().__init__(root)
        self.store = Store(str(root / METADATA_FILE))
        self.launches = 0

    def push(self, content: str, reindex_of: str = "") -> str:
        """Pushes a version and records the steps that led to it, as TFX does; returns it."""
        self.launches += 1
        provenance = self._provenance(f"launch {self.launches}")
        pushed = publish(
            str(self.bundle(content)),
            *self.folders,
            Manifest(name="demo", reindex_of=reindex_of, provenance=provenance),
            towers=str(self.towers("towers")),
            statistics_file=str(self.statistics),
            keep_versions=9,
        )
        pipeline = "demo-reindex" if reindex_of else "demo"
        run = f"run {self.launches}"
        bundle = self.store.create(f"{self.root}/pipeline_root/bundle/{self.launches}")
        catalogue = self.store.create(f"{self.root}/pipeline_root/catalogue/{self.launches}")
        if not reindex_of:
            self.model = self.store.create(f"{self.root}/pipeline_root/model/{self.launches}")
        version = self.store.create("pushed", pushed_version=pushed.version)
        self.store.run(
            f"{pipeline}.CatalogueExampleGen", {}, {"examples": catalogue}, run,
            fingerprint=f"catalogue {self.launches}", code_version="c1",
        )  # fmt: skip
        if reindex_of:
            self.store.run(f"{pipeline}.TrainedModel", {}, {"result": self.model}, run)
        else:
            inputs = {"catalogue": catalogue}
            self.store.run(f"{pipeline}.TwoTowerTrainer", inputs, {"model": self.model}, run)
        inputs = {"model": self.model, "catalogue": catalogue}
        self.store.run(f"{pipeline}.ScannIndexer", inputs, {"bundle": bundle}, run)
        self.store.run(
            f"{pipeline}.VersionedPusher", {"bundle": bundle}, {"pushed_model": version}, run,
            provenance=json.dumps(provenance),
        )  # fmt: skip
        return pushed.version

    def _provenance(self, launch: str) -> Provenance:
        return {
            "data": {"interactions": None, "catalogue": f"data of {launch}"},
            "code": {"version": "0.1.0", "hash": "abc", "commit": None},
            "run": {
                "directory": str(self.root),
                "launch": launch,
                "config_hash": "123",
                "config": {"items": {"path": "items.csv"}, "interactions": {"path": ["a", "b"]}},
            },
            "lock": {"version_set": "python3.10", "digest": "456"},
        }

    def list_unavailable(self) -> str:
        return mark_unavailable(*self.folders, ["a"], keep_versions=9).version


@pytest.fixture
def run(tmp_path: Path) -> PushedRun:
    return PushedRun(tmp_path / "run")


def components(lineage: Any) -> list[str]:
    return [step["component"] for step in lineage.steps]


def test_the_lineage_of_a_run_has_its_steps_and_its_manifest(run: PushedRun) -> None:
    first, second = run.push("one"), run.push("two")

    lineage = read_lineage(str(run.serving / first))

    assert (lineage.version, lineage.made_by, lineage.state) == (first, "run", "kept")
    assert lineage.data["catalogue"] == "data of launch 1"
    assert components(lineage) == [
        "CatalogueExampleGen", "TwoTowerTrainer", "ScannIndexer", "VersionedPusher",
    ]  # fmt: skip
    assert lineage.steps[0]["fingerprint"] == "catalogue 1"
    assert {step["run"] for step in lineage.steps} == {"run 1"}
    assert read_lineage(str(run.serving)).version == second
    assert read_lineage(str(run.serving)).state == "served"
    assert read_lineage(str(run.serving)).labels == ["stable"]
    assert read_lineage(str(run.portable / first)).steps == lineage.steps


def test_the_towers_of_a_reindex_have_a_lineage_of_their_own(run: PushedRun) -> None:
    first = run.push("one")
    second = run.push("two", reindex_of=first)

    lineage = read_lineage(str(run.serving / second))

    assert (lineage.made_by, lineage.first_version) == ("reindex", first)
    assert lineage.data["catalogue"] == "data of launch 2"
    assert lineage.towers is not None
    assert lineage.towers["data"]["catalogue"] == "data of launch 1"
    trained = [step for step in lineage.steps if step["component"] == "TwoTowerTrainer"]
    assert [step["run"] for step in trained] == ["run 1"]


@pytest.mark.parametrize("is_reindexed", [False, True])
def test_a_list_of_unavailable_items_leads_to_the_push_of_the_same_index(
    run: PushedRun, is_reindexed: bool
) -> None:
    first = run.push("one")
    pushed = run.push("two", reindex_of=first) if is_reindexed else first
    for folder in (run.serving / pushed, run.portable / pushed):
        write_lists(str(folder), [])
    listed = run.list_unavailable()

    lineage = read_lineage(str(run.serving))

    assert (lineage.version, lineage.made_by, lineage.copy_of) == (
        listed,
        "unavailable list",
        pushed,
    )
    assert lineage.first_version == first
    assert lineage.steps == read_lineage(str(run.serving / pushed)).steps


def test_a_version_is_found_after_a_rollback_has_hidden_it(run: PushedRun) -> None:
    first, second = run.push("one"), run.push("two")
    rollback(*run.folders)

    hidden = read_lineage(str(run.serving / second))

    assert (hidden.version, hidden.state, hidden.labels) == (second, "withdrawn", [])
    assert len(hidden.steps) == 4
    assert read_lineage(str(run.serving)).version == first


def test_without_metadata_the_manifest_is_shown_and_what_is_missing(run: PushedRun) -> None:
    version = run.push("one")
    (run.root / METADATA_FILE).unlink()
    streams = console()

    lineage_command(str(run.serving / version), False, streams)

    text = streams.result.getvalue()
    assert "data of launch 1" in text
    assert "items.csv" in text
    assert f"{METADATA_FILE} of the run was not found" in text
    assert "\nSteps\n" not in text
    assert not (run.root / METADATA_FILE).exists()


def test_a_moved_run_keeps_its_lineage(run: PushedRun, tmp_path: Path) -> None:
    version = run.push("one")
    (run.root / "pipeline_root" / "bundle" / "1").mkdir(parents=True)
    moved = tmp_path / "elsewhere"
    shutil.move(run.root, moved)

    lineage = read_lineage(str(moved / "serving" / "demo" / version))

    assert lineage.metadata_path == str(moved / METADATA_FILE)
    assert lineage.steps[-1]["inputs"]["bundle"] == f"{moved}/pipeline_root/bundle/1"
    # The catalogue, the model and the pushed model have no folder.
    assert lineage.missing == ["3 folders of artifacts no longer exist"]


def test_the_store_of_another_run_has_no_record(run: PushedRun, tmp_path: Path) -> None:
    version = run.push("one")
    other = PushedRun(tmp_path / "other")
    shutil.copyfile(other.root / METADATA_FILE, run.root / METADATA_FILE)

    lineage = read_lineage(str(run.serving / version))

    assert lineage.steps == []
    assert "has no record of the push" in lineage.missing[0]


def test_a_manifest_without_provenance_takes_it_from_the_store(run: PushedRun) -> None:
    version = run.push("one")
    path = next((run.serving / version).rglob("manifest.json"))
    values = json.loads(path.read_text(encoding="utf-8"))
    del values["provenance"]
    path.write_text(json.dumps(values), encoding="utf-8")

    assert read_lineage(str(run.serving / version)).data["catalogue"] == "data of launch 1"

    (run.root / METADATA_FILE).unlink()
    assert "older release" in read_lineage(str(run.serving / version)).missing[-1]


def test_json_has_the_same_content(run: PushedRun) -> None:
    version = run.push("one")
    streams = console()

    lineage_command(str(run.serving / version), True, streams)

    assert (
        json.loads(streams.result.getvalue()) == read_lineage(str(run.serving / version)).to_dict()
    )


@pytest.mark.parametrize("name", ["absent", "123"])
def test_a_folder_without_a_version_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_lineage(str(tmp_path / name))
    with pytest.raises(InputError, match="contains no version"):
        read_lineage(str(tmp_path))
