"""Ingestion of the log as one call, for the TFX executor and for `twotower ingest`."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems

from components.example_gen.columns import check_source
from components.example_gen.pipeline import Inputs, MakeInteractionExamples
from components.example_gen.read_log import REJECTS_TAG, SUMMARY_TAG
from components.example_gen.rejects import REJECTS_PREFIX, REJECTS_SUFFIX
from components.example_gen.report import IngestReport, build_report
from components.example_gen.split import configured_boundaries
from components.example_gen.tfrecord import write_bytes, write_split
from components.examples import split_files
from schemas.features import (
    CATALOGUE_SPLIT,
    EVENTS_SPLIT,
    ITEM_ID,
    USERS_SPLIT,
    WINDOW_SPLITS,
)
from schemas.settings import DataSettings

SUMMARY_FILE = "summary.json"
_CATALOGUE_BATCH = 4096

_progress = logging.getLogger("twotower.progress")


@dataclass(frozen=True)
class Outputs:
    """Folders, local or remote, that an ingestion writes into."""

    windows: str
    events: str
    users: str
    rejects: str


def ingest(
    data: DataSettings,
    catalogue_uri: str,
    outputs: Outputs,
    make_pipeline: Callable[[], beam.Pipeline],
    now_s: int | None = None,
) -> IngestReport:
    """Turns the log into windows of tf.Examples.

    Args:
      data: What the log, the catalogue and the users are.
      catalogue_uri: The Examples that CatalogueExampleGen wrote.
      outputs: Where to write.
      make_pipeline: Makes the Beam pipeline to run on.
      now_s: Later events are refused; the clock at launch by default.

    Raises:
      InputError: The input is unfit as a whole; the message says what to change.
    """
    started = time.monotonic()
    configured_boundaries(data.split)
    log_files = check_source("interactions", data.interactions)
    user_files = check_source("users", data.users) if data.users else ()
    inputs = Inputs(log_files, user_files, int(time.time()) if now_s is None else now_s)
    _progress.info("reading %d file(s) of the interaction log", len(log_files))
    with make_pipeline() as pipeline:
        made = _source(pipeline, data, catalogue_uri) | "Interactions" >> MakeInteractionExamples(
            data, inputs
        )
        for split in WINDOW_SPLITS:
            write_split(made[split], outputs.windows, split)
        write_split(made[EVENTS_SPLIT], outputs.events, EVENTS_SPLIT)
        write_split(made[USERS_SPLIT], outputs.users, USERS_SPLIT)
        write_rejects(made[REJECTS_TAG], made[SUMMARY_TAG], outputs.rejects)
    report = build_report(read_summary(outputs.rejects), data, time.monotonic() - started)
    _progress.info("kept %d of %d records of the log", report.kept, report.read)
    return report


def write_rejects(rejects: beam.PCollection, summary: beam.PCollection, uri: str) -> None:
    """Writes refused records and the counts of the run into the folder `uri`."""
    prefix = os.path.join(uri, REJECTS_PREFIX)
    _ = rejects | "WriteRejects" >> write_bytes(prefix, REJECTS_SUFFIX, one_file=True)
    _ = (
        summary
        | "SummaryToJson" >> beam.Map(lambda counted: counted.to_json().encode())
        | "WriteSummary" >> write_bytes(os.path.join(uri, SUMMARY_FILE), "", one_file=True)
    )


def read_summary(uri: str) -> dict:
    """The counts that the pipeline wrote into the folder `uri`."""
    with FileSystems.open(os.path.join(uri, SUMMARY_FILE)) as file:
        return json.loads(file.read())


def _source(
    pipeline: beam.Pipeline, data: DataSettings, catalogue_uri: str
) -> beam.Pipeline | beam.PCollection:
    """The catalogue's item ids where events on other items are refused, else the pipeline."""
    if data.items is None or data.items.unknown == "accept":
        return pipeline
    files = split_files(catalogue_uri, CATALOGUE_SPLIT)
    return pipeline | "CatalogueFiles" >> beam.Create(files) | "ItemIds" >> beam.FlatMap(item_ids)


def item_ids(path: str) -> Iterator[str]:
    """The ids in one file of the catalogue's examples."""
    spec = {ITEM_ID: tf.io.FixedLenFeature([], tf.string)}
    for batch in tf.data.TFRecordDataset(path, "GZIP").batch(_CATALOGUE_BATCH):
        for item_id in tf.io.parse_example(batch, spec)[ITEM_ID].numpy():
            yield item_id.decode()
