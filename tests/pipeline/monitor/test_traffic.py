"""Traffic logs are read as they were written, and other files are errors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.id_normalisation import IdNormaliser
from pipeline.monitor.traffic import read_traffic
from pipeline.serving.traffic_record import RecordSettings, records
from schemas import traffic as t
from schemas.errors import InputError
from tests.pipeline.monitor.traffic_files import MODEL, record, traffic, write
from tests.pipeline.serving.test_traffic_record import request


def test_records_of_the_server_are_read(tmp_path: Path) -> None:
    answered = request(["u1", "ü"], [["i1", "i2"], ["", ""]], [2, 3], [["a", "b", ""], ["c"] * 3])
    lines = records(answered, RecordSettings(), IdNormaliser())
    (tmp_path / "one.jsonl").write_bytes(lines[0])
    (tmp_path / "two.jsonl").write_bytes(lines[1])

    read = read_traffic([str(tmp_path)], "shop")

    assert len(read) == len(read.files) == 2
    assert read.time_ms.tolist() == [1_700, 1_700]
    assert [read.user.values[code] for code in read.user.codes] == ["u1", "ü"]
    assert read.history.lengths.tolist() == read.history_length.tolist() == [2, 0]
    assert [read.items.texts.values[code] for code in read.items.texts.codes] == [*"ab", *"ccc"]
    assert read.items.offsets.tolist() == [0, 2, 5]
    assert read.score.tolist() == [np.float32(0.1)] * 5
    assert (read.k.tolist(), read.user_key, read.sample) == ([2, 3], "", 1.0)


def test_a_list_without_scores_that_json_can_write_is_read(tmp_path: Path) -> None:
    read = traffic(tmp_path, [record("u1", 1.0, "ab", values={t.SCORES: [1, None]})])

    assert read.score[0] == 1.0
    assert np.isnan(read.score[1])


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({t.USER_ID: None}, "the key user_id is missing"),
        ({t.VERSION: "one"}, "version is 'one', expected int64"),
        ({t.ITEM_IDS: "ab"}, "item_ids is 'ab', expected list"),
        ({t.ITEM_IDS: ["a", None]}, "item_ids is ['a', None], expected list"),
        ({t.SCORES: [1.0]}, "item_ids and scores differ in length"),
    ],
)
def test_another_record_is_named(tmp_path: Path, values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as raised:
        traffic(tmp_path, [record("u1", 1.0), record("u1", 2.0, values=values)])

    assert f"traffic-x.jsonl: line 2 is no record of a traffic log: {problem}" in str(raised.value)


@pytest.mark.parametrize("text", ["no json\n", '{"user": "u1", "item": "a"}\n', "[1]\n"])
def test_another_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "log.jsonl").write_text(text)

    with pytest.raises(InputError, match=r"log\.jsonl: line 1 is no record of a traffic log"):
        read_traffic([str(tmp_path / "log.jsonl")], MODEL)


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file matches"):
        read_traffic([str(tmp_path / "*.jsonl")], MODEL)


def test_a_log_without_records_is_an_error(tmp_path: Path) -> None:
    for content, message in (("", "every matching file is empty"), ("\n\n", "no record")):
        (tmp_path / "log.jsonl").write_text(content)
        with pytest.raises(InputError, match=message):
            read_traffic([str(tmp_path)], MODEL)


def test_another_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="traffic of the model shop, but the run pushes demo"):
        traffic(tmp_path, [record("u1", 1.0), record("u1", 2.0, values={t.MODEL: "shop"})])


@pytest.mark.parametrize("key", ["", "89abcdef"])
def test_two_keys_are_an_error(tmp_path: Path, key: str) -> None:
    write(tmp_path / "one.jsonl", [record("u1", 1.0, values={t.USER_KEY: key})])
    write(tmp_path / "two.jsonl", [record("u1", 1.0, values={t.USER_KEY: "01234567"})])

    with pytest.raises(InputError) as raised:
        read_traffic([str(tmp_path)], MODEL)

    message = str(raised.value)
    assert "two.jsonl are hashed with the key 01234567" in message
    assert "one.jsonl are " + (f"hashed with the key {key}" if key else "not hashed") in message


def test_further_keys_of_a_record_do_not_matter(tmp_path: Path) -> None:
    line = json.dumps({**record("u1", 1.0), "later": {"release": [1]}})
    (tmp_path / "log.jsonl").write_text(line)

    assert len(read_traffic([str(tmp_path)], MODEL)) == 1
