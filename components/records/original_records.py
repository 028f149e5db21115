"""Look-up of the original text of rejected records in their source files.

Parsed events are columns without the original record, since few of them are rejected. For the
events that are rejected after parsing, this transform reads their files a second time, up to the
last rejected line of each file.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.progress import progress
from components.readers.read import read_for_text
from components.readers.records import Rows
from components.records.arrow_rows import from_bytes, read_stream
from components.records.reject_table import (
    FILE,
    IS_PARSED,
    LINE,
    NUM_CHARACTERS,
    RAW,
    REJECTS_SCHEMA,
    encode_texts,
    to_compressed_bytes,
)
from components.records.side_outputs import increment_counter
from schemas.errors import InputError
from schemas.source_settings import SourceSettings

_COMPLETE = "complete"
_REJECTED = "rejected"
_LINES = "lines"
_RECORDS = "records"
_RECORDS_SCHEMA = pa.schema([REJECTS_SCHEMA.field(n) for n in (LINE, RAW, NUM_CHARACTERS)])

# Rejected lines of a file are joined with their records in blocks of this many lines, which bounds
# the memory of a worker.
_LINES_PER_BLOCK = 1 << 18

# A file, and the index of a block of its lines.
LineBlock = tuple[str, int]


class LookUpOriginalRecords(
    beam.PTransform[tuple[beam.PCollection[Any], ...], beam.PCollection[Any]]
):
    """Replaces the parsed fields in rejects by the original records.

    Input: a tuple of PCollections of rejects (`reject_table.serialize_rejects`), one per step.
    Output: one PCollection of the same form. A reject keeps its parsed fields if its record cannot
    be found because the file was deleted or changed during the run; this is logged and counted.
    """

    def __init__(self, settings: SourceSettings, columns: tuple[str, ...], max_characters: int):
        """Constructs the transform.

        Args:
          settings: Format and layout of the files.
          columns: The columns that were read. Formats without text show the values of these.
          max_characters: Longer records are truncated to this length.
        """
        super().__init__()
        self._read_again = _ReadAgain(settings, columns, max_characters)

    # Beam's type hints do not support a tuple of PCollections.
    @beam.typehints.no_annotations
    def expand(self, rejects: tuple[beam.PCollection[Any], ...]) -> beam.PCollection[Any]:
        """Applies the transform."""
        # Each step's output is separated before the outputs are flattened, so that the runner
        # stores the rejects only once.
        parts = [
            step_rejects
            | f"Separate{step}"
            >> beam.ParDo(_Separate()).with_outputs(_LINES, _REJECTED, main=_COMPLETE)
            for step, step_rejects in enumerate(rejects)
        ]
        lines, rejected = (
            [part[tag] for part in parts] | tag.capitalize() >> beam.Flatten()
            for tag in (_LINES, _REJECTED)
        )
        records = (
            lines | "GroupByFile" >> beam.GroupByKey() | "ReadAgain" >> beam.ParDo(self._read_again)
        )
        joined = (
            {_REJECTED: rejected, _RECORDS: records}
            | "GroupByBlock" >> beam.CoGroupByKey()
            | "Join" >> beam.MapTuple(_join)
        )
        return [joined, *(part[_COMPLETE] for part in parts)] | "Rejects" >> beam.Flatten()


class _Separate(beam.DoFn):
    """Separates rejects that need no look-up from those that do.

    The latter are keyed by block of lines; their line numbers are keyed by file.
    """

    def process(self, stream: bytes) -> Iterator[Any]:
        rejects = read_stream(stream)
        is_parsed = rejects.column(IS_PARSED)
        parsed = rejects.filter(is_parsed)
        if not parsed.num_rows:
            yield stream
            return
        if parsed.num_rows < rejects.num_rows:
            yield to_compressed_bytes(rejects.filter(pc.invert(is_parsed)))
        for file in pc.unique(parsed.column(FILE)).to_pylist():
            file_rejects = parsed.filter(pc.equal(parsed.column(FILE), file))
            lines = file_rejects.column(LINE).to_numpy()
            yield beam.pvalue.TaggedOutput(_LINES, (file, lines.tobytes()))
            for index, block in _split_by_block(file_rejects):
                yield beam.pvalue.TaggedOutput(
                    _REJECTED, ((file, index), to_compressed_bytes(block))
                )


class _ReadAgain(beam.DoFn):
    """Reads the records at the given lines of a file: (file, lines) → (block, records)."""

    def __init__(self, settings: SourceSettings, columns: tuple[str, ...], max_characters: int):
        self._settings = settings
        self._columns = columns
        self._max_characters = max_characters

    def process(self, element: tuple[str, Iterable[bytes]]) -> Iterator[tuple[LineBlock, bytes]]:
        path, streams = element
        # Several records of an exploded list have the same line.
        wanted = np.unique(np.concatenate([np.frombuffer(lines, np.int64) for lines in streams]))
        try:
            for rows in read_for_text(path, self._settings, self._columns):
                wanted_rows = rows.where(_is_in(rows.lines, wanted))
                for index, records in _split_by_block(self._table(wanted_rows)):
                    yield (path, index), to_compressed_bytes(records)
                if rows.lines[-1] >= wanted[-1]:
                    break
        except InputError as error:
            progress.warning("cannot look up rejected records: %s", error)

    def _table(self, rows: Rows) -> pa.Table:
        records = rows.as_texts()
        truncated = encode_texts([record[: self._max_characters] for record in records])
        lengths = [len(record) for record in records]
        return pa.table([rows.lines, truncated, lengths], _RECORDS_SCHEMA)


def _is_in(lines: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Returns the [num_lines] bool mask of the wanted lines; both arrays are ascending."""
    begin, end = np.searchsorted(wanted, [lines[0], lines[-1] + 1])
    return np.isin(lines, wanted[begin:end], assume_unique=True)


def _split_by_block(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """Yields (block index, rows of the block) for a table of lines of one file."""
    blocks = rows.column(LINE).to_numpy() // _LINES_PER_BLOCK
    for index in np.unique(blocks).tolist():
        yield index, rows.filter(pa.array(blocks == index))


def _join(block: LineBlock, grouped: dict[str, Iterable[bytes]]) -> bytes:
    """Returns the rejects of one block with their original records where these were found."""
    rejects = from_bytes(grouped[_REJECTED], REJECTS_SCHEMA)
    records = from_bytes(grouped[_RECORDS], _RECORDS_SCHEMA)
    row_of_reject = pc.index_in(rejects.column(LINE), value_set=records.column(LINE))
    num_missing = row_of_reject.null_count
    if num_missing:
        progress.warning(
            "%s: %d rejected records were not found again; `rejects` shows their parsed fields. "
            "Did the file change during the run?",
            block[0],
            num_missing,
        )
        increment_counter("records_not_found_again", num_missing)
    originals = records.take(row_of_reject)
    for name in (RAW, NUM_CHARACTERS):
        values = pc.coalesce(originals.column(name), rejects.column(name))
        rejects = rejects.set_column(rejects.schema.get_field_index(name), name, values)
    is_parsed = pc.is_null(row_of_reject)
    return to_compressed_bytes(
        rejects.set_column(rejects.schema.get_field_index(IS_PARSED), IS_PARSED, is_parsed)
    )
