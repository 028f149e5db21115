"""Tests of sequence logs: history length, item attributes and malformed lines."""

import json
from pathlib import Path

import pytest

from benchmarks.quality.logs import ADAPTERS
from benchmarks.quality.work_folder import prepare_log
from pipeline.commands.ingest import run_ingestion
from schemas.errors import InputError
from tests.benchmarks.quality.logs.small_logs import (
    NUM_ITEMS,
    configured,
    write_csv_release,
    write_lines,
    write_pairs,
    write_user_items,
)


def test_history_covers_most_sequences_up_to_200(tmp_path: Path) -> None:
    lengths = {"short": 20, "middle": 51, "long": 900}
    max_lengths = {}
    for name, length in lengths.items():
        sequence = " ".join(map(str, range(1, length + 1)))
        write_lines(tmp_path / f"{name}.txt", [f"{user} {sequence}" for user in (1, 2, 3)])
        settings = configured(tmp_path / f"{name}.txt", tmp_path / "work")
        max_lengths[name] = settings.history.max_length
    assert max_lengths == {"short": 50, "middle": 100, "long": 200}


@pytest.mark.parametrize("in_folder", [True, False], ids=["in the log's folder", "given"])
def test_attributes_become_a_feature_of_the_logged_items(in_folder: bool, tmp_path: Path) -> None:
    log = write_user_items(tmp_path / "Beauty.txt")
    attributes = tmp_path / ("Beauty_item2attributes.json" if in_folder else "other.json")
    # Item 99 occurs in no sequence, so it is not a candidate; all other items have no attributes.
    attributes.write_text(json.dumps({"1": [4, 5], "2": [5], "99": [6]}), encoding="utf-8")

    settings = configured(log, tmp_path / "work", None if in_folder else attributes)

    if in_folder:
        assert run_ingestion(settings)["catalogue"]["items"] == NUM_ITEMS
    assert settings.items is not None
    rows = [json.loads(line) for line in Path(settings.items.paths[0]).read_text().splitlines()]
    assert {row["item"]: row["attributes"] for row in rows} == {
        str(item): {1: ["4", "5"], 2: ["5"]}.get(item, []) for item in range(1, NUM_ITEMS + 1)
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [("[]", "expected an object"), ("{", "cannot be read as JSON"), ('{"x": [1]}', "for none of")],
)
def test_invalid_attributes_are_rejected(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=message):
        configured(write_pairs(tmp_path / "log.txt"), tmp_path / "work", tmp_path / "a.json")


def test_attributes_are_rejected_for_a_log_with_times(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--attributes: a log of format movielens-csv"):
        configured(write_csv_release(tmp_path / "ml"), tmp_path / "work", tmp_path / "a.json")


def test_error_for_a_pair_with_a_third_word_gives_the_line(tmp_path: Path) -> None:
    write_lines(tmp_path / "log.txt", ["1 2", "1 3 4"])
    with pytest.raises(InputError, match=r"log.txt, line 2: expected `user item`, got 3 words"):
        prepare_log(ADAPTERS["pairs"], tmp_path / "log.txt", tmp_path / "work", None, None)
