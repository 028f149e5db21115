"""The record of a run names the set of library versions, and their versions."""

import platform
from pathlib import Path
from typing import Any

import pytest

from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from pipeline.runners import write_record
from schemas.settings import Settings, from_dict
from schemas.version_set import declared_sets, installed_set, running_python
from tests.chain_dataset import write_chain_dataset


def record(folder: Path) -> dict[str, Any]:
    world = write_chain_dataset(folder, 4, 6, 4) | {"name": "chain", "output": str(folder / "run")}
    run = from_dict(Settings, world)
    return write_record.run_record(run, "c.yaml", run_paths(run), 0.0, ExitCode.PUSHED, None, [])


def test_record_names_the_set_and_its_versions(tmp_path: Path) -> None:
    written = record(tmp_path)

    assert written["version_set"] == installed_set()
    assert written["versions"]["python"] == platform.python_version()
    pins = declared_sets().pins(running_python())
    for library in write_record.RECORDED_LIBRARIES:
        assert written["versions"][library] == pins[library]


def test_record_of_a_mixture_has_the_versions_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_record, "recorded_set", lambda: None)

    written = record(tmp_path)

    assert written["version_set"] is None
    assert written["versions"]["tensorflow"]
