"""The titles of items, of a run or of a file."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tensorflow.core.example import example_pb2, feature_pb2

from components.examples.tfrecord import frame
from pipeline.commands import example_texts
from pipeline.commands.titles import read_titles
from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from pipeline.runners.write_record import run_record
from schemas.errors import InputError
from schemas.features import FeatureTable, feature_table, title_feature
from schemas.settings import Settings, from_dict
from tests.chain_dataset import write_chain_dataset

PUBLISHED = {
    "BytesList": feature_pb2.BytesList,
    "Feature": feature_pb2.Feature,
    "Features": feature_pb2.Features,
    "Example": example_pb2.Example,
}
ROWS = [(b"a", "Ä\u2028b".encode()), (b"b", b""), (b"c", None)]


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run directory with its record, without any catalogue."""
    return record_run(tmp_path, write_chain_dataset(tmp_path / "world", 4, 6, 4))


def record_run(folder: Path, data: dict[str, Any]) -> Path:
    root = folder / "run"
    root.mkdir()
    settings = from_dict(Settings, {**data, "name": "demo", "output": str(root)})
    record = run_record(settings, "c.yaml", run_paths(settings), 0.0, ExitCode.PUSHED, None, [])
    (root / "run.json").write_text(json.dumps(record))
    return root


def catalogue(run_dir: Path, execution: int, num_shards: int = 1) -> Path:
    """The file of the first shard of a catalogue, in a new folder."""
    folder = run_dir / f"pipeline_root/CatalogueExampleGen/examples/{execution}/Split-catalogue"
    folder.mkdir(parents=True)
    return folder / f"data_tfrecord-00000-of-{num_shards:05d}.gz"


def write_catalogue(path: Path, rows: list[tuple[bytes, bytes | None]]) -> None:
    records = []
    for item, title in rows:
        example = example_pb2.Example()
        feature = example.features.feature
        feature["item_id"].bytes_list.value.append(item)
        feature["price"].float_list.value.append(1.0)
        if title is not None:
            feature["title"].bytes_list.value.append(title)
        records.append(example.SerializeToString())
    path.write_bytes(gzip.compress(frame(pa.array(records, pa.binary()))))


def test_the_titles_of_a_run_are_those_of_its_newest_complete_catalogue(run_dir: Path) -> None:
    write_catalogue(catalogue(run_dir, 9), [(b"a", b"old")])
    write_catalogue(catalogue(run_dir, 10), ROWS)
    write_catalogue(catalogue(run_dir, 11, num_shards=2), [(b"a", b"interrupted")])
    assert read_titles(str(run_dir)) == {"a": "Ä\u2028b", "b": "", "c": ""}


def test_a_run_without_a_catalogue_has_no_titles(run_dir: Path) -> None:
    assert read_titles(str(run_dir)) == {}
    assert read_titles(None) == {}


def test_a_run_without_text_features_has_no_titles(tmp_path: Path) -> None:
    data = write_chain_dataset(tmp_path / "world", 4, 6, 4)
    del data["items"]["features"]["title"]
    run_dir = record_run(tmp_path, data)
    write_catalogue(catalogue(run_dir, 1), ROWS)
    assert read_titles(str(run_dir)) == {}
    assert title_feature(FeatureTable()) is None


def test_the_key_of_the_title_is_its_name(tmp_path: Path) -> None:
    """The files above are written with this key."""
    data = write_chain_dataset(tmp_path / "world", 4, 6, 4)
    settings = from_dict(Settings, {**data, "name": "demo", "output": "x"})
    feature = title_feature(feature_table(settings.data))
    assert feature is not None
    assert feature.key == "title"


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b"text", lambda b: b[:9] + b"xx"])
def test_a_damaged_catalogue_is_an_error(run_dir: Path, damage: Any) -> None:
    path = catalogue(run_dir, 1)
    write_catalogue(path, ROWS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"data_tfrecord.*cannot be read \(.*; a run writes this"):
        read_titles(str(run_dir))


def test_records_that_are_no_examples_are_an_error(run_dir: Path) -> None:
    path = catalogue(run_dir, 1)
    path.write_bytes(gzip.compress(frame(pa.array([b"\xff\xff"], pa.binary()))))
    with pytest.raises(InputError, match="cannot be read"):
        read_titles(str(run_dir))


def test_a_file_has_ids_and_titles_in_its_first_columns(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text('\ufeffid,title,price\na,"One, two",3\n\nb,Zwölf\n', encoding="utf-8")
    assert read_titles(str(path)) == {"id": "title", "a": "One, two", "b": "Zwölf"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\nc\n", "titles.csv: line 2: one column; expected the directory of a run, or a CSV"),
        (b'a,"b\n', r"titles.csv: cannot be read \(unexpected end of data\); expected the direct"),
        (b"a,\xff\n", r"titles.csv: cannot be read \(.*codec can't decode"),
        (None, "titles.csv: cannot be read .*No such file"),
    ],
)
def test_other_files_are_errors(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "titles.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_titles(str(path))


def test_a_folder_that_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the directory of a run"):
        read_titles(str(tmp_path))


@pytest.mark.parametrize("name", example_texts.DEFINITIONS)
def test_the_messages_are_those_of_tensorflow(name: str) -> None:
    own = example_texts._CLASSES[name].DESCRIPTOR
    published = PUBLISHED[name].DESCRIPTOR.fields_by_number
    for field in own.fields:
        there = published[field.number]
        assert (field.name, field.type, field.label) == (there.name, there.type, there.label)
