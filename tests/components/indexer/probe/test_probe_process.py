"""The process of the probe: environment, time limit and termination."""

import os
from pathlib import Path

import pytest

import components
from components.indexer.probe import probe_process
from components.indexer.probe.probe_process import ProbeProcess, probe_environment

ROOT = str(Path(components.__file__).parent.parent)


def test_this_code_comes_first_in_pythonpath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/one", "/two"]))
    assert probe_environment()["PYTHONPATH"].split(os.pathsep) == [ROOT, "/one", "/two"]

    monkeypatch.delenv("PYTHONPATH")
    assert probe_environment()["PYTHONPATH"] == ROOT


def test_probe_that_exceeds_time_limit_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_process, "PROBE_TIMEOUT_S", 0.01)
    with (
        ProbeProcess(str(tmp_path / "bundle")) as process,
        pytest.raises(
            RuntimeError, match=r"probe of the bundle at .* did not finish within 0\.01 s"
        ),
    ):
        process.result([])
    assert process._process.poll() is not None


def test_bundle_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "bundle")
    with (
        ProbeProcess(missing) as process,
        pytest.raises(RuntimeError, match=r"bundle at .* cannot be served; .* code 1:[^$]*scann"),
    ):
        process.result([])


def test_failed_export_ends_the_process(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="disk full"),
        ProbeProcess(str(tmp_path / "bundle")) as process,
    ):
        raise OSError("disk full")
    assert process._process.poll() is not None
