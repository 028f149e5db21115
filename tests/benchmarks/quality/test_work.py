"""The folder that a measurement works in: whose it is, and the configuration in it."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.work import empty_folder, log_name
from schemas.errors import InputError
from tests.benchmarks.quality.logs.logs import NUM_EVENTS, configured, write_pairs


def test_work_folder_is_made_anew_but_only_a_measurements_own(tmp_path: Path) -> None:
    log = write_pairs(tmp_path / "log.txt")
    configured(log, tmp_path / "place")
    (tmp_path / "place" / "older").touch()
    configured(log, tmp_path / "place")
    assert not (tmp_path / "place" / "older").exists()
    written = tmp_path / "place" / "log" / "events.csv"
    assert len(written.read_text().splitlines()) == 1 + NUM_EVENTS

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    with pytest.raises(InputError, match="files that no measurement wrote"):
        empty_folder(tmp_path / "other", log)
    with pytest.raises(InputError, match=r"the log .* is in it"):
        empty_folder(tmp_path / "place", written)
    assert written.exists()


@pytest.mark.parametrize(
    ("path", "name"),
    [("ml-latest-small", "ml-latest-small"), ("Beauty.txt", "beauty"), ("A_B.csv.gz", "a-b")],
)
def test_name_of_a_log_is_one_that_a_pipeline_may_have(path: str, name: str) -> None:
    assert log_name(Path("somewhere") / path) == name


def test_configuration_says_how_to_run_it(tmp_path: Path) -> None:
    log = write_pairs(tmp_path / "log.txt")
    settings: Any = configured(log, tmp_path / "place")
    text = (tmp_path / "place" / "config.yaml").read_text()
    assert f"# Command:  twotower run {tmp_path}/place/config.yaml\n" in text
    assert settings.output == str(tmp_path / "place" / "run")
