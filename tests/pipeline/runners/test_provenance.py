"""The provenance of a version names its data, code and run."""

import json
from pathlib import Path

import pytest

from pipeline.runners import code_version, provenance
from pipeline.runners.cache_keys import CacheKeys, compiled_cache_keys, placeholder_cache_keys
from pipeline.runners.write_record import config_hash, config_without_ids
from schemas.settings import Settings, from_dict
from tests.chain_dataset import write_chain_dataset


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    world = write_chain_dataset(tmp_path / "world", 4, 6, 4)
    return from_dict(Settings, {**world, "name": "demo", "output": str(tmp_path / "run")})


def test_data_code_and_run_are_named(settings: Settings) -> None:
    made = json.loads(provenance.provenance(settings, CacheKeys("7", "log", "items")))

    assert made["data"] == {"interactions": "log", "catalogue": "items"}
    assert made["code"]["hash"] == code_version.source_version()
    assert made["run"] == {
        "directory": settings.output,
        "launch": "7",
        "config_hash": config_hash(settings),
        "config": config_without_ids(settings),
    }


def test_inputs_that_were_not_read_are_null(settings: Settings) -> None:
    for keys, catalogue in (
        (placeholder_cache_keys(), None),
        (compiled_cache_keys(settings), None),
        (CacheKeys("7", "", "items"), "items"),
    ):
        data = json.loads(provenance.provenance(settings, keys))["data"]
        assert data == {"interactions": None, "catalogue": catalogue}


def test_there_is_no_commit_outside_a_repository(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    made = json.loads(provenance.provenance(settings, CacheKeys("7", "log", "items")))
    assert made["code"]["commit"] is None


def test_source_version_depends_on_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in code_version.PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "a.py").write_text("")
    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    versions = {code_version.source_version()}
    for package in code_version.PACKAGES:
        (tmp_path / package / "a.py").write_text("edited")
        versions.add(code_version.source_version())
    assert len(versions) == 1 + len(code_version.PACKAGES)
