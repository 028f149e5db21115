"""The plan of a re-index: values from the record of a run, and which values can be changed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.reindex_plan import ReindexPlan, plan_reindex
from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from pipeline.runners.write_record import run_record
from schemas.errors import InputError
from schemas.settings import Settings, from_dict
from schemas.source_settings import RangeSettings
from tests.chain_dataset import write_chain_dataset

PUSHED = {"pushed": True, "version": "7"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    world = write_chain_dataset(tmp_path / "world", 4, 6, 4)
    output = tmp_path / "run"
    output.mkdir()
    return from_dict(Settings, {**world, "name": "chain", "output": str(output)})


def record_of(settings: Settings, push: dict[str, Any] | None = PUSHED) -> dict[str, Any]:
    record = run_record(
        settings, "config.yaml", run_paths(settings), 0.0, ExitCode.PUSHED, None, []
    )
    return {**record, "push": push}


def plan(settings: Settings, *overrides: str, output: str | None = None) -> ReindexPlan:
    record = record_of(settings)
    return plan_reindex(settings.output, record, "new [1].csv", overrides, output)


def test_only_the_path_of_the_catalogue_changes(settings: Settings) -> None:
    planned = plan(settings)

    assert settings.items is not None
    items = replace(settings.items, path="new [1].csv")
    assert planned.settings == replace(settings, items=items)
    assert (planned.version, planned.run_dir) == ("7", settings.output)


def test_a_reindex_writes_its_own_report_files(settings: Settings) -> None:
    of_run, own = run_paths(settings), plan(settings).paths

    for name in ("metrics", "run_record", "report", "log", "rejects"):
        path = Path(getattr(own, name))
        assert path.parent == Path(settings.output, "reindex") == Path(own.report_dir)
        assert getattr(plan(settings, output="there").paths, name) == f"there/{path.name}"
    for name in ("run_dir", "metadata", "pipeline_root", "serving_dir", "portable_dir"):
        assert getattr(own, name) == getattr(of_run, name)


def test_a_moved_run_directory_is_used_at_its_new_path(settings: Settings, tmp_path: Path) -> None:
    record = record_of(settings)
    moved = str(Path(settings.output).rename(tmp_path / "moved"))

    planned = plan_reindex(moved, record, "new.csv")

    assert planned.recorded_run_dir == settings.output
    assert planned.paths.metadata == f"{moved}/metadata.sqlite"
    assert planned.paths.serving_dir == f"{moved}/serving/chain"


def test_the_run_directory_keeps_its_name_in_the_metadata(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(settings.output).parent)

    planned = plan_reindex("run", record_of(settings), "new.csv")

    assert planned.paths.run_dir == settings.output


def test_settings_that_the_towers_do_not_depend_on_can_change(settings: Settings) -> None:
    planned = plan(
        settings,
        "index.recall_target=0.9",
        "items.max_reject_fraction=0.5",
        "items.features.price.column=cost",
        "push.serving_dir=elsewhere",
        "items.path=ignored.csv",
    )

    items = planned.settings.items
    assert items is not None
    assert planned.settings.index.recall_target == 0.9
    assert (items.max_reject_fraction, items.features["price"].column) == (0.5, "cost")
    assert items.path == "new [1].csv"
    assert planned.paths.serving_dir == "elsewhere/chain"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.max_epochs=3", "train cannot change"),
        ("name=other", "name cannot change"),
        ("history={max_length: 4}", "history cannot change"),
        ("items.features.price=text", "price: number, .* got .*price: text"),
        ("items.features.colour=category", "colour: category"),
        ("index.recal_target=1", "recall_target"),
    ],
)
def test_settings_that_the_towers_depend_on_cannot_change(
    settings: Settings, override: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        plan(settings, override)


@pytest.mark.parametrize("push", [None, {"pushed": False, "version": None}])
def test_a_run_that_pushed_nothing_is_rejected(
    settings: Settings, push: dict[str, Any] | None
) -> None:
    with pytest.raises(InputError, match="pushed nothing"):
        plan_reindex(settings.output, record_of(settings, push), "new.csv")


def test_a_run_without_a_catalogue_file_is_rejected(settings: Settings) -> None:
    record = record_of(replace(settings, items=None))
    with pytest.raises(InputError, match="no `items:`"):
        plan_reindex(settings.output, record, "new.csv")


def test_ids_to_erase_are_not_read_from_the_record(settings: Settings) -> None:
    erase = replace(settings.erase, item_ids=("secret",), user_ids=("hidden",))
    planned = plan_reindex(settings.output, record_of(replace(settings, erase=erase)), "new.csv")

    assert not planned.settings.erase


def test_a_file_that_replaces_a_query_needs_a_format(
    settings: Settings,
) -> None:
    assert settings.items is not None
    queried = replace(settings.items, path=None, format="bigquery", query="SELECT *")
    record = record_of(replace(settings, items=queried))

    with pytest.raises(InputError, match=r"items\.query, .* --set items\.format=csv"):
        plan_reindex(settings.output, record, "new.csv")
    planned = plan_reindex(settings.output, record, "new.csv", ["items.format=csv"]).settings.items

    assert planned == replace(settings.items, path="new.csv", format="csv")


def test_the_range_of_the_replaced_path_is_removed(settings: Settings) -> None:
    assert settings.items is not None
    ranged = replace(settings.items, path="{YYYY}-{MM}-{DD}.csv", range=RangeSettings(last=2))
    record = record_of(replace(settings, items=ranged))

    planned = plan_reindex(settings.output, record, "new.csv").settings.items

    assert planned == replace(settings.items, path="new.csv")


def test_the_record_of_a_run_is_not_overwritten(settings: Settings) -> None:
    Path(settings.output, "metadata.sqlite").touch()
    with pytest.raises(InputError, match=r"--output .* is a run directory"):
        plan(settings, output=settings.output)


def test_first_version_is_read_from_the_record(settings: Settings) -> None:
    push = {**PUSHED, "first_version": "5"}
    planned = plan_reindex(settings.output, record_of(settings, push), "new.csv")
    assert (planned.version, planned.first_version) == ("7", "5")
    assert plan(settings).first_version == "7"
