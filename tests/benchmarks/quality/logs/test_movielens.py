"""Tests of the MovieLens adapters."""

from pathlib import Path

import pytest

from tests.benchmarks.quality.logs.small_logs import configured, write_dat_release


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_both_encodings_of_titles_are_read(encoding: str, tmp_path: Path) -> None:
    log = write_dat_release(tmp_path / "ml", encoding, users=False)
    settings = configured(log, tmp_path / "work")
    assert settings.items is not None
    assert settings.items.csv.encoding == encoding
    assert settings.users is None
