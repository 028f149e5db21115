"""Tests that the programs of the ingestion benchmark write the same examples.

This also checks the pipeline: three encoders and three ways to cut windows give one result.
"""

from pathlib import Path

import pytest

from benchmarks.ingest import element_wise
from benchmarks.ingest.digests import split_digests
from benchmarks.ingest.generated_log import ONE_REPEAT_IN, log_settings, write_log
from benchmarks.ingest.programs import ARROW, ARROW_PARALLEL, ELEMENT_WISE, PROGRAMS, TWOTOWER
from components.example_gen import sample

NUM_EVENTS = 4_000
NUM_REPEATS = (NUM_EVENTS - 1) // ONE_REPEAT_IN


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write_log(path, NUM_EVENTS)
    return path


def test_log_is_the_same_every_time(log: Path, tmp_path: Path) -> None:
    write_log(tmp_path / "again.jsonl", NUM_EVENTS)
    content = log.read_bytes()
    assert content == (tmp_path / "again.jsonl").read_bytes()
    lines = content.splitlines()
    assert len(lines) == NUM_EVENTS
    assert len(lines) - len(set(lines)) == NUM_REPEATS


@pytest.mark.parametrize("limit", [NUM_EVENTS, NUM_EVENTS // 4], ids=["all events", "a sample"])
def test_all_programs_write_the_same_examples(
    limit: int, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sample, element_wise):
        monkeypatch.setattr(module, "EVENTS_FOR_STATISTICS", limit)
    digests = {}
    for name in (ARROW, ARROW_PARALLEL, ELEMENT_WISE, TWOTOWER):
        (tmp_path / name).mkdir()
        PROGRAMS[name]()(log, tmp_path / name, log_settings(str(log)))
        digests[name] = split_digests(tmp_path / name)
    num_sampled = digests[TWOTOWER]["events"]["examples"]
    kept = NUM_EVENTS - NUM_REPEATS
    assert num_sampled == kept if limit >= kept else 0.8 * limit < num_sampled < 1.2 * limit
    assert all(digest == digests[TWOTOWER] for digest in digests.values())
