"""What a folder that is no run is told."""

from pathlib import Path

import pytest

from benchmarks.finished_run import config_of, examples_of
from schemas.errors import InputError


def test_a_folder_that_is_no_run_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name the output folder of a finished run"):
        examples_of(tmp_path)
    with pytest.raises(InputError, match=r"run\.json does not exist: name the output folder"):
        config_of(tmp_path, tmp_path)
