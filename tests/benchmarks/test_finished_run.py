"""Tests of the errors for a folder that is not the output of a run."""

from pathlib import Path

import pytest

from benchmarks.finished_run import find_artifacts, write_run_config
from schemas.errors import InputError


def test_folder_without_a_run_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give the output folder of a finished run"):
        find_artifacts(tmp_path)
    with pytest.raises(InputError, match=r"run\.json does not exist: give the output folder"):
        write_run_config(tmp_path, tmp_path)
