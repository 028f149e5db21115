"""Tests of session logs: settings, and units of time."""

from pathlib import Path

import pytest

from pipeline.commands.ingest import run_ingestion
from tests.benchmarks.quality.logs.small_logs import (
    NUM_EVENTS,
    configured,
    write_diginetica,
    write_lines,
    write_sessions,
)


def test_sessions_have_no_user_embedding_and_may_repeat_items(tmp_path: Path) -> None:
    settings = configured(write_sessions(tmp_path / "log.csv"), tmp_path / "work")
    assert settings.repeat_interactions == "allow"
    assert not settings.model.user_id_embedding


@pytest.mark.parametrize(
    ("time", "unit"),
    [
        ("1396864269", "s"),
        ("1396864269.277", "s"),
        ("1396864269277", "ms"),
        ("1396864269277000", "us"),
        ("2014-04-07T10:51:09Z", "iso8601"),
    ],
)
def test_unit_of_session_times_is_recognised_by_their_size(
    time: str, unit: str, tmp_path: Path
) -> None:
    write_lines(tmp_path / "log.csv", ["session_id,item_id,timestamp", f"s1,i1,{time}"])
    assert configured(tmp_path / "log.csv", tmp_path / "w").interactions.timestamp_unit == unit


def test_pipeline_rejects_an_invalid_diginetica_time(tmp_path: Path) -> None:
    log = write_diginetica(tmp_path / "train-item-views.csv")
    with log.open("a", encoding="utf-8") as file:
        file.write("1;NA;1;soon;2016-05-09\n")
    counts = run_ingestion(configured(log, tmp_path / "work"))
    assert counts["read"] == NUM_EVENTS + 1
    assert counts["rejects"] == {"bad_timestamp": 1}
