"""Beam steps that read the log and the users file, and key their rows by user."""

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam

from components.example_gen.fields import FieldError, to_id
from components.example_gen.parse import EventParser, feature_values, reject
from components.example_gen.readers import read_records
from components.example_gen.rejects import to_json_lines
from components.example_gen.summary import Summary
from schemas.data_settings import InteractionsSettings, UsersSettings
from schemas.errors import InputError
from schemas.events import Reject
from schemas.features import Feature

INTERACTIONS = "interactions"
USERS = "users"
REJECTS_TAG = "rejects"
SUMMARY_TAG = "summary"

# Records parsed before they are grouped and sent on: larger groups mean fewer Beam elements.
_RECORDS_PER_CHUNK = 100_000


class ReadLog(beam.DoFn):
    """File index → (user_id, events of one chunk without their user_id); rejects and counts."""

    def __init__(
        self,
        files: tuple[str, ...],
        settings: InteractionsSettings,
        context: Sequence[Feature],
    ):
        self._files = files
        self._settings = settings
        self._context = tuple(context)

    def process(self, file: int) -> Iterator[Any]:
        path = self._files[file]
        parser = EventParser(self._settings, self._context)
        chunk = _Chunk(INTERACTIONS)
        try:
            for record in read_records(path, self._settings, parser.columns):
                parsed = record if isinstance(record, Reject) else parser.parse(record, file, path)
                if isinstance(parsed, Reject):
                    chunk.rejects.append(parsed)
                else:
                    # Plain tuples: Beam encodes them natively, other classes it pickles.
                    chunk.by_user.setdefault(parsed.user_id, []).append(tuple(parsed[1:]))
                chunk.read += 1
                if chunk.read == _RECORDS_PER_CHUNK:
                    yield from chunk.elements()
                    chunk = _Chunk(INTERACTIONS)
        except InputError as error:
            chunk.faults.add(str(error))
        yield from chunk.elements()


class ReadUsers(beam.DoFn):
    """File index → (user_id, rows of the users file); rejects and counts."""

    def __init__(
        self, files: tuple[str, ...], settings: UsersSettings, features: Sequence[Feature]
    ):
        self._files = files
        self._settings = settings
        self._features = tuple(features)
        self._columns = (settings.fields.user_id, *(feature.column for feature in features))

    def process(self, file: int) -> Iterator[Any]:
        path = self._files[file]
        chunk = _Chunk(USERS)
        try:
            for record in read_records(path, self._settings, self._columns):
                chunk.read += 1
                if isinstance(record, Reject):
                    chunk.rejects.append(record)
                    continue
                try:
                    user_id = to_id(record.values[0], "user_id")
                    values = feature_values(record.values[1:], self._features)
                except FieldError as error:
                    chunk.rejects.append(reject(record, path, error))
                    continue
                row = (file, record.line, values, record.text())
                chunk.by_user.setdefault(user_id, []).append(row)
                if chunk.read == _RECORDS_PER_CHUNK:
                    yield from chunk.elements()
                    chunk = _Chunk(USERS)
        except InputError as error:
            chunk.faults.add(str(error))
        yield from chunk.elements()


class _Chunk:
    """What some consecutive records of one file came to."""

    def __init__(self, source: str):
        self.source = source
        self.read = 0
        self.by_user: dict[str, list[tuple]] = {}
        self.rejects: list[Reject] = []
        self.faults: set[str] = set()

    def elements(self) -> Iterator[Any]:
        """Rows keyed by user, and the side outputs."""
        yield from self.by_user.items()
        yield from outputs(self.source, self.rejects, self.read, self.faults)


def read_files(
    pipeline: beam.Pipeline, name: str, num_files: int, reader: beam.DoFn
) -> dict[str, beam.PCollection]:
    """Runs a reader over file indices: `rows`, `rejects` and `summary`."""
    return (
        pipeline
        | f"{name}/Files" >> beam.Create(range(num_files), reshuffle=num_files > 1)
        | name >> beam.ParDo(reader).with_outputs(REJECTS_TAG, SUMMARY_TAG, main="rows")
    )


def outputs(
    source: str, rejects: list[Reject], read: int = 0, faults: set[str] | None = None
) -> Iterator[beam.pvalue.TaggedOutput]:
    """The side outputs of a step: refused records as JSON lines, and its counts."""
    summary = Summary(faults=faults or set())
    summary.read[source] = read
    summary.add_rejects(source, rejects)
    if rejects:
        yield beam.pvalue.TaggedOutput(REJECTS_TAG, to_json_lines(rejects))
    if rejects or read or faults:
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)
