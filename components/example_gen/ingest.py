"""Ingestion of the log as one function, for the TFX executor and for `twotower ingest`."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import apache_beam as beam

from components.example_gen.match_report import SourceRows
from components.example_gen.pipeline import CHUNKS, EARLIEST_KEY, Inputs, MakeInteractionExamples
from components.example_gen.report import IngestReport, build_report
from components.example_gen.split import configured_boundaries, instant_us
from components.examples.read_texts import read_texts
from components.examples.shards import split_files, split_folder
from components.examples.write_shards import (
    WriteShards,
    remove_temporary,
)
from components.id_normalisation import IdNormaliser
from components.progress import progress
from components.readers.partitions import choose_num_partitions
from components.records.erase import load_erased_ids
from components.records.item_notes import read_notes
from components.records.matches import ITEMS, USERS
from components.records.read_source import source_files
from components.records.rejects_json import REJECTS_FILE
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.summary_file import read_summary
from components.records.write_rejects import write_rejects
from schemas.features import (
    CATALOGUE_SPLIT,
    EVENTS_SPLIT,
    ITEM_ID,
    STORED_SPLITS,
    USER_ID,
    USERS_SPLIT,
)
from schemas.settings import DataSettings


@dataclass(frozen=True)
class Outputs:
    """The folders, local or remote, into which an ingestion writes."""

    windows: str
    events: str
    users: str
    rejects: str

    def folders(self) -> dict[str, str]:
        """Returns the folder of the shards of each split."""
        return {
            **{split: split_folder(self.windows, split) for split in STORED_SPLITS},
            EVENTS_SPLIT: split_folder(self.events, EVENTS_SPLIT),
            USERS_SPLIT: split_folder(self.users, USERS_SPLIT),
        }


def ingest(
    data: DataSettings,
    catalogue_uri: str,
    outputs: Outputs,
    make_pipeline: Callable[[], beam.Pipeline],
    now_s: int | None = None,
) -> IngestReport:
    """Reads the log and writes windows of tf.Examples, events, users and rejects.

    Args:
      data: The settings of the log, the catalogue and the users.
      catalogue_uri: The Examples that CatalogueExampleGen wrote.
      outputs: The folders to write into.
      make_pipeline: Returns the Beam pipeline to run.
      now_s: Later events are rejected, seconds since the epoch, UTC. The current time by default.

    Returns:
      The counts of the ingestion.

    Raises:
      InputError: Files are missing or invalid, or no usable event remains.
    """
    started = time.monotonic()
    # The pipeline is built before files are opened: Beam's filesystems use its options.
    pipeline = make_pipeline()
    configured_boundaries(data.split)
    if data.interactions.reject.earliest is not None:
        instant_us(EARLIEST_KEY, data.interactions.reject.earliest)
    log_files = source_files("interactions", data.interactions)
    user_files = source_files("users", data.users) if data.users else ()
    inputs = Inputs(
        log_files=log_files,
        user_files=user_files,
        now_s=int(time.time()) if now_s is None else now_s,
        num_partitions=choose_num_partitions(
            data.interactions, *([data.users] if data.users else [])
        ),
        erased=load_erased_ids(data.erase, IdNormaliser(data.ids)),
        catalogue_uri=catalogue_uri if data.items else None,
    )
    progress.info("reading %d file(s) of the interaction log", len(log_files))
    with pipeline:
        results = _source(pipeline, data, catalogue_uri) | "Interactions" >> (
            MakeInteractionExamples(data, inputs)
        )
        folders = outputs.folders()
        _ = tuple(results[CHUNKS]) | "WriteSplits" >> WriteShards(folders)
        write_rejects(
            results[REJECTS_TAG], results[SUMMARY_TAG], outputs.rejects, data.rejects, inputs.erased
        )
    remove_temporary([*folders.values(), os.path.join(outputs.rejects, REJECTS_FILE)])
    report = build_report(
        read_summary(outputs.rejects),
        data,
        time.monotonic() - started,
        _rows_by_source(data, catalogue_uri, outputs.users),
    )
    progress.info("kept %d of %d records of the log", report.kept, report.read)
    for warning in report.warnings:
        progress.warning("warning: %s", warning)
    return report


def _source(
    pipeline: beam.Pipeline, data: DataSettings, catalogue_uri: str
) -> beam.Pipeline | beam.PCollection[str]:
    """Returns the item ids of a strict catalogue; the pipeline if all items are accepted."""
    if data.items is None or data.items.unknown == "accept":
        return pipeline
    files = split_files(catalogue_uri, CATALOGUE_SPLIT)
    return pipeline | "CatalogueFiles" >> beam.Create(files) | "ItemIds" >> beam.FlatMap(item_ids)


def item_ids(path: str) -> Iterator[str]:
    """Yields the item ids in one file of the catalogue's examples."""
    yield from read_texts(path, ITEM_ID)


def _rows_by_source(
    data: DataSettings, catalogue_uri: str, users_uri: str
) -> tuple[SourceRows, ...]:
    """Returns the ids that have a row in the users file and in the items files."""
    sources = []
    if data.users is not None:
        user_files = split_files(users_uri, USERS_SPLIT)
        users = itertools.chain.from_iterable(read_texts(path, USER_ID) for path in user_files)
        sources.append(SourceRows(USERS, lambda: users))
    if data.items is not None:
        notes = read_notes(catalogue_uri)
        item_files = split_files(catalogue_uri, CATALOGUE_SPLIT)
        candidates = itertools.chain.from_iterable(map(item_ids, item_files))
        known = (item for item in candidates if item not in notes.logged_only)
        sources.append(SourceRows(ITEMS, lambda: known, notes.rejected))
    return tuple(sources)
