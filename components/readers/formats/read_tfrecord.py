"""TFRecord files of tf.Example in batches of columns."""

from collections.abc import Callable, Iterator
from typing import Any

import google_crc32c
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.io.tfrecordio import _TFRecordUtil
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components.readers.column_search import FoundColumns, Sample, search_columns
from components.readers.magic import WrongFormatError, check_magic
from components.readers.open_input import DamagedFileError, open_input
from components.readers.records import ReadBatch, Rows, Values
from schemas.events import Reject, RejectReason

_RECORDS_PER_BATCH = 50_000
_BYTES_PER_BATCH = 64 << 20
_RECORDS_PER_SAMPLE = 100
_BYTES_PER_SAMPLE = 1 << 20
_WRONG_LENGTH = "the checksum of a record's length is wrong"
_CAUSES = {
    "Fewer than": "it ends in the middle of a record",
    "Mismatch of length mask": _WRONG_LENGTH,
    "Mismatch of data mask": "the checksum of a record is wrong",
}


class _Framing(_TFRecordUtil):
    """Beam's reader of TFRecord frames, its checksum in C."""

    @classmethod
    def _masked_crc32c(
        cls, value: bytes, crc32c_fn: Callable[[bytes], int] = google_crc32c.value
    ) -> int:
        return super()._masked_crc32c(value, crc32c_fn)


def read_tfrecord(path: str, columns: tuple[str, ...]) -> Iterator[ReadBatch]:
    """Reads one file; a record that is not a tf.Example is rejected.

    A feature of one value comes as that value, of several as a list, of none as absent; text as
    bytes.

    Raises:
      DamagedFileError: A checksum is wrong, or the file ends too early.
    """
    for first, records in _batches(path, _RECORDS_PER_BATCH, _BYTES_PER_BATCH):
        yield _read_examples(records, first, path, columns)


def find_features(path: str, wanted: tuple[str, ...], skip_damage: bool = False) -> FoundColumns:
    """The features of the first records, and those of `wanted` that none of them has."""
    return search_columns(_samples(path), wanted, skip_damage)


def _samples(path: str) -> Iterator[Sample]:
    decoder = ExamplesToRecordBatchDecoder()
    for _, records in _batches(path, _RECORDS_PER_SAMPLE, _BYTES_PER_SAMPLE):
        good = [
            (size, found.schema.names)
            for _, size, found in _decoded(decoder, records, 0)
            if isinstance(found, pa.RecordBatch)
        ]
        fields = dict.fromkeys(name for _, names in good for name in names)
        yield Sample(sum(size for size, _ in good), sum(map(len, records)), fields)


def _batches(path: str, max_records: int, max_bytes: int) -> Iterator[tuple[int, list[bytes]]]:
    """Consecutive records, with the number of the first; all that stand before a damaged place.

    Raises:
      DamagedFileError: After them; its `line` is the number of the record that cannot be read.
    """
    first = 1
    batch: list[bytes] = []
    num_bytes = 0
    damage = None
    try:
        for record in _records(path):
            batch.append(record)
            num_bytes += len(record)
            if len(batch) == max_records or num_bytes >= max_bytes:
                yield first, batch
                first += len(batch)
                batch, num_bytes = [], 0
    except DamagedFileError as error:
        damage = error.at(first + len(batch))
    if batch:
        yield first, batch
    if damage:
        raise damage


def _records(path: str) -> Iterator[bytes]:
    with open_input(path) as file:
        is_first = True
        while True:
            try:
                record = _Framing.read_record(file)
            except DamagedFileError:
                raise
            except ValueError as error:
                cause = _cause(error)
                if is_first and cause == _WRONG_LENGTH:
                    check_magic(path, b"", "TFRecord")
                    raise WrongFormatError(path, "TFRecord") from None
                # Not from the error, which shows the record.
                raise DamagedFileError(path, cause) from None
            if record is None:
                return
            is_first = False
            yield record


def _cause(error: ValueError) -> str:
    """What Beam's reader found, without the bytes that its message shows."""
    found = (cause for sign, cause in _CAUSES.items() if sign in str(error))
    return next(found, "not a valid TFRecord")


def _read_examples(
    records: list[bytes], first: int, path: str, columns: tuple[str, ...]
) -> ReadBatch:
    parts = list(_decoded(ExamplesToRecordBatchDecoder(), records, first))
    good = [
        (begin, size, found) for begin, size, found in parts if isinstance(found, pa.RecordBatch)
    ]
    rejects = [
        Reject(path, begin, RejectReason.UNPARSEABLE, f"not a tf.Example: {found}", _raw(record))
        for begin, _, found in parts
        if isinstance(found, str)
        for record in (records[begin - first],)
    ]
    numbers = [np.arange(begin, begin + size) for begin, size, _ in good]
    lines = np.concatenate([np.zeros(0, np.int64), *numbers])
    values = tuple(
        _joined([_column(found, size, name) for _, size, found in good]) for name in columns
    )
    return ReadBatch(Rows(lines, values), rejects)


def _raw(record: bytes) -> str:
    return record.decode("utf-8", "backslashreplace")


def _decoded(
    decoder: ExamplesToRecordBatchDecoder, records: list[bytes], first: int
) -> Iterator[tuple[int, int, pa.RecordBatch | str]]:
    """Runs of records that decode together, as (number of the first, their number, columns), and
    single ones that do not, with the reason. Records whose features differ in type make runs.
    """
    if not records:
        return
    try:
        yield first, len(records), decoder.DecodeBatch(records)
    except RuntimeError as error:
        if len(records) == 1:
            yield first, 1, str(error)
            return
        half = len(records) // 2
        yield from _decoded(decoder, records[:half], first)
        yield from _decoded(decoder, records[half:], first + half)


def _column(batch: pa.RecordBatch, num_rows: int, name: str) -> Values:
    at = batch.schema.get_field_index(name)
    if at < 0 or pa.types.is_null(batch.column(at).type):
        return pa.nulls(num_rows)
    lists = batch.column(at)
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
    if (lengths > 1).any():
        return [_scalar_where_one(values) for values in lists.to_pylist()]
    values = lists.flatten()
    is_absent = lengths == 0
    if not is_absent.any():
        return values
    return values.take(pa.array(np.cumsum(~is_absent) - 1, mask=is_absent))


def _scalar_where_one(values: list[Any] | None) -> Any:
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _joined(parts: list[Values]) -> Values:
    if len(parts) == 1:
        return parts[0]
    joined: list[Any] = []
    for part in parts:
        joined += part if isinstance(part, list) else part.to_pylist()
    return joined
