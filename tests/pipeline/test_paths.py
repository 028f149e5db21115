"""The layout of a run directory."""

from dataclasses import replace
from pathlib import Path

import pytest

from components import files
from pipeline.config import parse_settings
from pipeline.paths import run_paths
from schemas.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    interactions = {
        "path": "log.csv",
        "format": "csv",
        "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
    }
    values = {"name": "shop", "output": str(tmp_path), "interactions": interactions}
    return parse_settings(values, "shop.yaml")


def test_both_models_are_published_into_the_run_directory(
    settings: Settings, tmp_path: Path
) -> None:
    paths = run_paths(settings)

    assert paths.serving_dir == str(tmp_path / "serving" / "shop")
    assert paths.portable_dir == str(tmp_path / "serving_portable" / "shop")


def test_twins_stay_in_the_folder_of_the_former_name(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "serving_exact" / "other").mkdir(parents=True)
    assert "serving_exact" not in run_paths(settings).portable_dir

    (tmp_path / "serving_exact" / "shop").mkdir()
    assert run_paths(settings).portable_dir == str(tmp_path / "serving_exact" / "shop")


def test_a_remote_root_is_not_read(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: str) -> bool:
        raise AssertionError(path)

    monkeypatch.setattr(files, "exists", fail)

    paths = run_paths(replace(settings, output="gs://bucket/root"))

    assert paths.portable_dir == "gs://bucket/root/serving_portable/shop"


def test_settings_decide_over_both(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "serving_exact" / "shop").mkdir(parents=True)
    push = replace(settings.push, serving_dir="gs://models/a", portable_dir="gs://models/b")

    paths = run_paths(replace(settings, push=push))

    assert (paths.serving_dir, paths.portable_dir) == ("gs://models/a/shop", "gs://models/b/shop")
