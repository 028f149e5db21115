"""`twotower ingest`: reads the log and the catalogue alone, and counts what it kept and rejected."""

import os
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.catalogue_gen.ingest import ingest_catalogue
from components.example_gen.ingest import Outputs, ingest
from components.run_reporter.ingestion import without_kept_event
from pipeline.commands.ingest_folder import replacing
from pipeline.paths import run_paths
from pipeline.runners.launch import check_query
from schemas.settings import Settings

EVENTS = "events"
CATALOGUE = "catalogue"


def ingest_folder(settings: Settings) -> str:
    """Where `ingest_only` writes: the folders EVENTS and CATALOGUE in it hold examples."""
    return os.path.join(run_paths(settings).output, "ingest")


def ingest_only(settings: Settings) -> dict[str, Any]:
    """Ingests into `<output>/ingest`, in place of an earlier ingestion, and returns the counts.

    The earlier one stays until this one has succeeded.

    Args:
      settings: Validated settings.

    Raises:
      InputError: The input is unfit as a whole, or `<output>/ingest` holds other files.
    """
    with replacing(ingest_folder(settings)) as folder:
        return _ingest_into(folder, settings)


def _ingest_into(folder: str, settings: Settings) -> dict[str, Any]:
    for key in ("interactions", "items", "users"):
        source = getattr(settings, key)
        if source is not None and source.query is not None:
            check_query(key, source, source.query, settings)
    catalogue = os.path.join(folder, CATALOGUE)

    def make_pipeline() -> beam.Pipeline:
        return beam.Pipeline(options=PipelineOptions(list(settings.beam.args)))

    items = ingest_catalogue(
        settings.data, catalogue, os.path.join(folder, "catalogue_rejects"), make_pipeline
    ).to_dict()
    keys = ("windows", EVENTS, "users", "rejects")
    outputs = Outputs(**{key: os.path.join(folder, key) for key in keys})
    log = ingest(settings.data, catalogue, outputs, make_pipeline).to_dict()
    return {**log, "without_kept_event": without_kept_event(log, items), "catalogue": items}
