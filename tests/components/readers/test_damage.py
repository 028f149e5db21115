"""Truncated, corrupted and mislabelled files of every format: the readable part is read."""

import pickle
import traceback
from itertools import pairwise, product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.readers.magic import WrongFormatError
from components.readers.read import find_columns, read_batches, read_records
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceFormat
from tests.components.readers.format_files import (
    COLUMNS,
    COMPRESS,
    WRITERS,
    DamagedFiles,
    events,
    settings,
    to_avro,
    to_csv,
    to_parquet,
    to_tfrecord,
)

NUM_EVENTS = 60
EVENTS = events(NUM_EVENTS)
FIRST_LINE: dict[SourceFormat, int] = {"csv": 2}  # after the header

formats = pytest.mark.parametrize("file_format", WRITERS)
compressions = pytest.mark.parametrize("suffix", COMPRESS)


def as_read(row: int, file_format: SourceFormat) -> tuple[Any, ...]:
    """Returns the values of one event in the types of the format."""
    values = tuple(EVENTS[row].values())
    if file_format == "csv":
        return tuple(map(str, values))
    if file_format == "tfrecord":
        return tuple(value.encode() if isinstance(value, str) else value for value in values)
    return values


def checked_read(
    path: Path, file_format: SourceFormat, damaged_files: DamagedFiles = "reject"
) -> list[Any]:
    """Returns the records of a file, after checks of the invariants of its batches."""
    num_lines = 0
    source = settings(file_format, damaged_files)
    for batch in read_batches(str(path), source, COLUMNS):
        rows = batch.rows
        assert len(batch.rows) + len(batch.rejects) > 0
        assert all(len(column) == len(rows) for column in rows.columns)
        assert rows.texts is None or len(rows.texts) == len(rows)
        assert rows.lines.dtype == np.int64
        lines = [num_lines, *rows.lines.tolist()]
        assert all(after > before for before, after in pairwise(lines))
        num_lines = lines[-1]
        rejected = [reject.line for reject in batch.rejects]
        assert len({*rejected, *rows.lines.tolist()}) == len(rejected) + len(rows)
        assert all(isinstance(rows.text(row), str) for row in range(min(3, len(rows))))
    return list(read_records(str(path), source, COLUMNS))


def fault(path: Path, file_format: SourceFormat, damaged_files: DamagedFiles) -> str:
    """Reads a file and returns the path in the error message, "" where there is no error."""
    try:
        checked_read(path, file_format, damaged_files)
        find_columns(str(path), settings(file_format), COLUMNS)
    except InputError as error:
        return str(error).split(" ")[0].split(":")[0]
    return ""


@formats
@compressions
def test_every_format_has_the_same_records(
    tmp_path: Path, file_format: SourceFormat, suffix: str
) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_bytes(COMPRESS[suffix](WRITERS[file_format](EVENTS)))

    found = checked_read(path, file_format, "fail")

    first = FIRST_LINE.get(file_format, 1)
    assert [(record.line, record.values) for record in found] == [
        (first + row, as_read(row, file_format)) for row in range(NUM_EVENTS)
    ]
    missing = find_columns(str(path), settings(file_format), (*COLUMNS, "usr")).missing
    assert missing == ["usr"]


@pytest.mark.parametrize(
    ("file_format", "suffix"),
    # Truncated text without compression is valid text.
    [each for each in product(WRITERS, COMPRESS) if each not in (("csv", ""), ("jsonl", ""))],
)
def test_readable_part_of_a_truncated_file_is_kept(
    tmp_path: Path, file_format: SourceFormat, suffix: str
) -> None:
    path = tmp_path / f"log{suffix}"
    whole = COMPRESS[suffix](WRITERS[file_format](EVENTS))
    path.write_bytes(whole[: len(whole) * 3 // 4])

    *kept, lost = checked_read(path, file_format)

    first = FIRST_LINE.get(file_format, 1)
    assert [record.values for record in kept] == [
        as_read(row, file_format) for row in range(len(kept))
    ]
    assert lost.reason is RejectReason.DAMAGED_FILE
    assert lost.raw == ""
    assert lost.line == (first + len(kept) if kept else 1)
    with pytest.raises(InputError, match=rf"{path}.*damaged_files: reject"):
        list(read_batches(str(path), settings(file_format), COLUMNS))


def test_only_the_corrupt_row_group_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    data = bytearray(to_parquet(EVENTS, rows_per_group=20, compression="gzip"))
    path.write_bytes(data)
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    begin = column.data_page_offset
    data[begin : begin + column.total_compressed_size // 2] = b"\xff" * (
        column.total_compressed_size // 2
    )
    path.write_bytes(data)

    found = checked_read(path, "parquet")

    rejected = [each for each in found if isinstance(each, Reject)]
    assert [(each.line, each.reason) for each in rejected] == [(21, RejectReason.DAMAGED_FILE)]
    assert "row group 1, up to row 40" in rejected[0].detail
    read = [each for each in found if not isinstance(each, Reject)]
    assert [record.line for record in read] == [*range(1, 21), *range(41, 61)]
    assert [record.values for record in read] == [
        as_read(record.line - 1, "parquet") for record in read
    ]


def test_only_the_undecodable_avro_block_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "log.avro"
    data = to_avro(EVENTS, codec="null")
    # The index of the union's branch before this user id; the union has only two branches.
    at = data.index(b"\x02\x04u3\x04i9")
    path.write_bytes(data[:at] + b"\x7e" + data[at + 1 :])

    found = checked_read(path, "avro")

    (rejected,) = [each for each in found if isinstance(each, Reject)]
    assert rejected.reason is RejectReason.DAMAGED_FILE
    read = [each for each in found if not isinstance(each, Reject)]
    assert read[-1].line == NUM_EVENTS
    assert [record.values for record in read] == [
        as_read(record.line - 1, "avro") for record in read
    ]


corruptions = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8), st.booleans()),
    min_size=1,
    max_size=4,
)


@formats
@compressions
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(corruptions, st.floats(0, 1))
def test_corrupted_bytes_raise_only_input_errors(
    tmp_path: Path,
    file_format: SourceFormat,
    suffix: str,
    changes: list[tuple[float, bytes, bool]],
    end: float,
) -> None:
    data = WRITERS[file_format](EVENTS)
    for place, new, is_overwritten in changes:
        at = int(place * len(data))
        data = data[:at] + new + data[at + len(new) * is_overwritten :]
    data = COMPRESS[suffix](data)
    path = tmp_path / f"log{suffix}"
    path.write_bytes(data[: max(1, int(len(data) * min(1.0, end * 2)))])
    assert fault(path, file_format, "reject") in ("", str(path))
    assert fault(path, file_format, "fail") in ("", str(path))


@formats
@given(data=st.binary(min_size=1, max_size=300))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_random_bytes_raise_only_input_errors(
    tmp_path: Path, file_format: SourceFormat, data: bytes
) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    assert fault(path, file_format, "reject") in ("", str(path))


@pytest.mark.parametrize("damaged_files", ["fail", "reject"])
def test_wrong_checksum_names_the_record_without_its_data(
    tmp_path: Path, damaged_files: DamagedFiles
) -> None:
    path = tmp_path / "log.tfrecord"
    head = len(to_tfrecord(EVENTS[:40]))
    data = bytearray(to_tfrecord(EVENTS))
    data[head + 12 + 3] ^= 1  # after the length and its checksum
    path.write_bytes(data)
    source = settings("tfrecord", damaged_files)
    if damaged_files == "reject":
        *kept, lost = read_records(str(path), source, COLUMNS)
        assert isinstance(lost, Reject)
        assert (len(kept), lost.line) == (40, 41)
        assert lost.detail.endswith("the checksum of a record is wrong")
        assert find_columns(str(path), source, ("usr",))[1:3] == (["usr"], 40)
        return
    whole = r"damaged from line 41 on \(the checksum of a record is wrong\); copy"
    with pytest.raises(InputError, match=whole):
        list(read_records(str(path), source, COLUMNS))
    with pytest.raises(InputError, match=whole) as caught:
        find_columns(str(path), source, ("usr",))
    shown = "".join(traceback.format_exception(caught.value))
    assert data[head + 12 : head + 40].hex() not in shown


@pytest.mark.parametrize("file_format", ["parquet", "avro", "tfrecord"])
@compressions
def test_file_of_another_format_is_distinguished_from_damage(
    tmp_path: Path, file_format: SourceFormat, suffix: str
) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_bytes(COMPRESS[suffix](to_csv(EVENTS)))
    message = rf"{path} is not a {file_format} file: .*check format"
    for read in (find_columns, read_batches):
        with pytest.raises(InputError, match=f"(?i){message}"):
            list(read(str(path), settings(file_format), COLUMNS))
    (lost,) = read_records(str(path), settings(file_format, "reject"), COLUMNS)
    assert isinstance(lost, Reject)
    assert lost.reason is RejectReason.DAMAGED_FILE


def test_wrong_format_error_is_picklable() -> None:
    error = pickle.loads(pickle.dumps(WrongFormatError("log", "Avro").at(7)))
    assert (error.path, error.line, str(error)) == ("log", 1, str(WrongFormatError("log", "Avro")))


@formats
@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zst"])
def test_compressed_file_without_its_suffix_is_an_error(
    tmp_path: Path, file_format: SourceFormat, suffix: str
) -> None:
    path = tmp_path / "log"
    path.write_bytes(COMPRESS[suffix](WRITERS[file_format](EVENTS)))
    for damaged_files, read in product(get_args(DamagedFiles), (find_columns, read_batches)):
        with pytest.raises(
            InputError, match=rf"compressed.*does not end with {suffix}.*to log{suffix}$"
        ):
            list(read(str(path), settings(file_format, damaged_files), COLUMNS))
