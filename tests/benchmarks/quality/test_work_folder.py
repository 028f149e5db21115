"""Tests of the work folder of a measurement and of the configuration in it."""

from pathlib import Path

import pytest

from benchmarks.quality.work_folder import empty_folder, log_name
from schemas.errors import InputError
from tests.benchmarks.quality.logs.small_logs import NUM_EVENTS, configured, write_pairs


def test_only_the_work_folder_of_a_measurement_is_emptied(tmp_path: Path) -> None:
    log = write_pairs(tmp_path / "log.txt")
    configured(log, tmp_path / "work")
    (tmp_path / "work" / "older").touch()
    configured(log, tmp_path / "work")
    assert not (tmp_path / "work" / "older").exists()
    written = tmp_path / "work" / "log" / "events.csv"
    assert len(written.read_text().splitlines()) == 1 + NUM_EVENTS

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    with pytest.raises(InputError, match="files that no measurement wrote"):
        empty_folder(tmp_path / "other", log)
    with pytest.raises(InputError, match="contains the log"):
        empty_folder(tmp_path / "work", written)
    assert written.exists()


@pytest.mark.parametrize(
    ("path", "name"),
    [("ml-latest-small", "ml-latest-small"), ("Beauty.txt", "beauty"), ("A_B.csv.gz", "a-b")],
)
def test_log_name_is_a_valid_pipeline_name(path: str, name: str) -> None:
    assert log_name(Path("somewhere") / path) == name


def test_configuration_contains_its_command(tmp_path: Path) -> None:
    log = write_pairs(tmp_path / "log.txt")
    folder = tmp_path / "measured"
    settings = configured(log, folder)
    text = (folder / "config.yaml").read_text()
    assert f"# Command:  twotower run {folder / 'config.yaml'}\n" in text
    assert settings.output == str(folder / "run")
