"""Reads TFRecord files of tf.Examples in batches of columns."""

from collections.abc import Callable, Iterator
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.io.tfrecordio import _TFRecordUtil
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components.readers.column_search import FoundColumns, Sample, search_columns
from components.readers.lines import as_text
from components.readers.magic import WrongFormatError, check_magic
from components.readers.open_input import DamagedFileError, open_input
from components.readers.records import ReadBatch, Rows, Values
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceSettings

_RECORDS_PER_BATCH = 50_000
_BYTES_PER_BATCH = 64 << 20
_RECORDS_PER_SAMPLE = 100
_BYTES_PER_SAMPLE = 1 << 20
_WRONG_LENGTH = "the checksum of a record's length is wrong"
# The causes of Beam's errors by a part of their messages, which also show the data.
_CAUSES = {
    "Fewer than": "it ends in the middle of a record",
    "Mismatch of length mask": _WRONG_LENGTH,
    "Mismatch of data mask": "the checksum of a record is wrong",
}


class _Framing(_TFRecordUtil):
    """Beam's reader of TFRecord frames, with its checksum computed in C."""

    @classmethod
    def _masked_crc32c(
        cls, value: bytes, crc32c_fn: Callable[[bytes], int] = google_crc32c.value
    ) -> int:
        return super()._masked_crc32c(value, crc32c_fn)


def read_tfrecord(
    path: str, source: SourceSettings, columns: tuple[str, ...]
) -> Iterator[ReadBatch]:
    """Reads one file; a record that is not a tf.Example is rejected.

    A feature with one value becomes that value, with several a list, with none None. Text is
    bytes.

    Raises:
      DamagedFileError: A checksum is wrong, or the file is truncated.
    """
    for first, records in _batches(path, _RECORDS_PER_BATCH, _BYTES_PER_BATCH):
        yield _read_examples(records, first, path, columns)


def find_features(path: str, source: SourceSettings, wanted: tuple[str, ...]) -> FoundColumns:
    """Returns the features of the first records, and which of `wanted` none of them has."""
    return search_columns(_samples(path), wanted, source.damaged_files == "reject")


def _samples(path: str) -> Iterator[Sample]:
    decoder = ExamplesToRecordBatchDecoder()
    for _, records in _batches(path, _RECORDS_PER_SAMPLE, _BYTES_PER_SAMPLE):
        readable = [
            (size, decoded.schema.names)
            for _, size, decoded in _decode(decoder, records, 0)
            if isinstance(decoded, pa.RecordBatch)
        ]
        fields = dict.fromkeys(name for _, names in readable for name in names)
        yield Sample(sum(size for size, _ in readable), sum(map(len, records)), fields)


def _batches(path: str, max_records: int, max_bytes: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yields consecutive records with the number of the first, up to the first damage.

    Raises:
      DamagedFileError: After all readable records; its `line` is the number of the first record
        that cannot be read.
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
                # Without the original error, whose message shows the data.
                raise DamagedFileError(path, cause) from None
            if record is None:
                return
            is_first = False
            yield record


def _cause(error: ValueError) -> str:
    """The cause of an error of Beam's reader, without the data that its message shows."""
    causes = (cause for part, cause in _CAUSES.items() if part in str(error))
    return next(causes, "not a valid TFRecord")


def _read_examples(
    records: list[bytes], first: int, path: str, columns: tuple[str, ...]
) -> ReadBatch:
    rejects = []
    readable = []
    numbers: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for begin, size, decoded in _decode(ExamplesToRecordBatchDecoder(), records, first):
        if isinstance(decoded, str):
            detail = f"not a tf.Example: {decoded}"
            text = as_text(records[begin - first])
            rejects.append(Reject(path, begin, RejectReason.UNPARSEABLE, detail, text))
        else:
            readable.append((size, decoded))
            numbers.append(np.arange(begin, begin + size))
    values = tuple(
        _concatenate([_column(decoded, size, name) for size, decoded in readable])
        for name in columns
    )
    return ReadBatch(Rows(np.concatenate(numbers), values), rejects)


def _decode(
    decoder: ExamplesToRecordBatchDecoder, records: list[bytes], first: int
) -> Iterator[tuple[int, int, pa.RecordBatch | str]]:
    """Decodes records, in runs where their features differ in type.

    Args:
      decoder: The decoder.
      records: Consecutive records.
      first: The number of the first one.

    Yields:
      For each run (the number of its first record, the number of records, their columns); for
      each record that cannot be decoded (its number, 1, the reason).
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
        yield from _decode(decoder, records[:half], first)
        yield from _decode(decoder, records[half:], first + half)


def _column(batch: pa.RecordBatch, num_rows: int, name: str) -> Values:
    at = batch.schema.get_field_index(name)
    if at < 0 or pa.types.is_null(batch.column(at).type):
        return pa.nulls(num_rows)
    lists = batch.column(at)
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
    if (lengths > 1).any():
        return [_scalar_if_single(values) for values in lists.to_pylist()]
    values = lists.flatten()
    is_missing = lengths == 0
    if not is_missing.any():
        return values
    return values.take(pa.array(np.cumsum(~is_missing) - 1, mask=is_missing))


def _scalar_if_single(values: list[Any] | None) -> Any:
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _concatenate(parts: list[Values]) -> Values:
    if len(parts) == 1:
        return parts[0]
    values: list[Any] = []
    for part in parts:
        values += part if isinstance(part, list) else part.to_pylist()
    return values
