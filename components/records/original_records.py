"""Rejected records as they were read, looked up in their files a second time.

An event that is rejected after parsing has left its text behind: events travel as columns, and few
are rejected. Files that have such events are read again, up to the last of them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
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
    compressed,
    texts,
)
from components.records.side_outputs import count
from schemas.errors import InputError
from schemas.source_settings import SourceSettings

_COMPLETE = "complete"
_REJECTED = "rejected"
_LINES = "lines"
_RECORDS = "records"
_RECORDS_SCHEMA = pa.schema([REJECTS_SCHEMA.field(n) for n in (LINE, RAW, NUM_CHARACTERS)])

# So many lines of a file are looked up at a time: a bound of what a worker holds.
_LINES_PER_STRETCH = 1 << 18

# A file, and which of its stretches of lines.
Stretch = tuple[str, int]


class LookUpOriginals(beam.PTransform):
    """Rejections → the same, with the records of those that are parsed.

    Input: PCollections of `reject_table.pack`, the output of several steps; output: one of them.
    A record that cannot be found again stays as parsed: its file is gone or was changed during the
    run, which is logged and counted.
    """

    def __init__(self, settings: SourceSettings, columns: tuple[str, ...], max_characters: int):
        """Constructs the transform.

        Args:
          settings: Format and layout of the files.
          columns: What was read of them: it stands for the record in formats without text.
          max_characters: Of each record, so much is kept.
        """
        super().__init__()
        self._read_again = _ReadAgain(settings, columns, max_characters)

    # Beam's own type hints know no dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, rejects: tuple[beam.PCollection, ...]) -> beam.PCollection:
        # Separated before they are brought together, so that rejections are kept once.
        parts = [
            of_step
            | f"Separate{step}"
            >> beam.ParDo(_Separate()).with_outputs(_LINES, _REJECTED, main=_COMPLETE)
            for step, of_step in enumerate(rejects)
        ]
        lines, rejected = (
            [part[tag] for part in parts] | tag.capitalize() >> beam.Flatten()
            for tag in (_LINES, _REJECTED)
        )
        records = (
            lines | "GroupByFile" >> beam.GroupByKey() | "ReadAgain" >> beam.ParDo(self._read_again)
        )
        found = (
            {_REJECTED: rejected, _RECORDS: records}
            | "GroupByStretch" >> beam.CoGroupByKey()
            | "Join" >> beam.MapTuple(_join)
        )
        return [found, *(part[_COMPLETE] for part in parts)] | "Rejects" >> beam.Flatten()


class _Separate(beam.DoFn):
    """Rejections → those that need no look-up; the others by stretch, and their lines by file."""

    def process(self, stream: bytes) -> Iterator[Any]:
        rejects = read_stream(stream)
        is_parsed = rejects.column(IS_PARSED)
        parsed = rejects.filter(is_parsed)
        if not parsed.num_rows:
            yield stream
            return
        if parsed.num_rows < rejects.num_rows:
            yield compressed(rejects.filter(pc.invert(is_parsed)))
        for file in pc.unique(parsed.column(FILE)).to_pylist():
            of_file = parsed.filter(pc.equal(parsed.column(FILE), file))
            lines = of_file.column(LINE).to_numpy()
            yield beam.pvalue.TaggedOutput(_LINES, (file, lines.tobytes()))
            for index, some in _by_stretch(of_file):
                yield beam.pvalue.TaggedOutput(_REJECTED, ((file, index), compressed(some)))


class _ReadAgain(beam.DoFn):
    """(file, wanted lines) → the records there, by stretch."""

    def __init__(self, settings: SourceSettings, columns: tuple[str, ...], max_characters: int):
        self._settings = settings
        self._columns = columns
        self._max_characters = max_characters

    def process(self, element: tuple[str, Iterable[bytes]]) -> Iterator[tuple[Stretch, bytes]]:
        path, streams = element
        wanted = np.sort(np.concatenate([np.frombuffer(lines, np.int64) for lines in streams]))
        try:
            for rows in read_for_text(path, self._settings, self._columns):
                found = rows.where(_is_in(rows.lines, wanted))
                for index, records in _by_stretch(self._table(found)):
                    yield (path, index), compressed(records)
                if rows.lines[-1] >= wanted[-1]:
                    break
        except InputError as error:
            progress.warning("looking rejected records up: %s", error)

    def _table(self, rows: Rows) -> pa.Table:
        records = rows.as_texts()
        cut = texts([record[: self._max_characters] for record in records])
        return pa.table([rows.lines, cut, [len(record) for record in records]], _RECORDS_SCHEMA)


def _is_in(lines: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """[num_lines] bool: which lines are wanted; both ascend."""
    begin, end = np.searchsorted(wanted, [lines[0], lines[-1] + 1])
    return np.isin(lines, wanted[begin:end], assume_unique=True)


def _by_stretch(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """Cuts a table of lines of one file by stretch."""
    stretches = rows.column(LINE).to_numpy() // _LINES_PER_STRETCH
    for index in np.unique(stretches).tolist():
        yield index, rows.filter(pa.array(stretches == index))


def _join(stretch: Stretch, grouped: dict[str, Iterable[bytes]]) -> bytes:
    """The rejections of one stretch, with those of their records that were found."""
    rejects = from_bytes(grouped[_REJECTED], REJECTS_SCHEMA)
    records = from_bytes(grouped[_RECORDS], _RECORDS_SCHEMA)
    at = pc.index_in(rejects.column(LINE), value_set=records.column(LINE))
    num_lost = at.null_count
    if num_lost:
        progress.warning(
            "%s: %d rejected records were not found again and are shown as parsed; did the file "
            "change during the run?",
            stretch[0],
            num_lost,
        )
        count("records_not_found_again", num_lost)
    of_rejects = records.take(at)
    for name in (RAW, NUM_CHARACTERS):
        found = pc.coalesce(of_rejects.column(name), rejects.column(name))
        rejects = rejects.set_column(rejects.schema.get_field_index(name), name, found)
    is_parsed = pc.is_null(at)
    return compressed(
        rejects.set_column(rejects.schema.get_field_index(IS_PARSED), IS_PARSED, is_parsed)
    )
