"""`twotower ingest`: reads the log and the catalogue without training, and prints the counts."""

import json
import os
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.catalogue_gen.ingest import ingest_catalogue
from components.example_gen.ingest import Outputs, ingest
from components.run_reporter.ingestion import items_without_kept_event
from pipeline.commands.ingest_output import atomic_replacement
from pipeline.commands.ingest_table import render_counts
from pipeline.console import Console
from pipeline.paths import run_paths
from pipeline.runners.cache_keys import check_query
from schemas.settings import Settings

EVENTS = "events"
CATALOGUE = "catalogue"


def ingest_command(settings: Settings, as_json: bool, console: Console) -> None:
    """Ingests and prints the counts: as a table on a terminal, else as JSON.

    Args:
      settings: Validated settings.
      as_json: Whether to print JSON on a terminal too.
      console: Receives the counts.

    Raises:
      InputError: The input cannot be ingested, or the output folder contains other files.
    """
    counts = run_ingestion(settings)
    write_warnings(counts, console)
    use_json = as_json or not console.result.isatty()
    console.result.write(json.dumps(counts) + "\n" if use_json else render_counts(counts))


def write_warnings(counts: dict[str, Any], console: Console) -> None:
    """Writes the warnings of an ingestion, one per line, to the stream for progress."""
    for warning in (*counts["catalogue"]["warnings"], *counts["warnings"]):
        console.progress.write(f"warning: {warning}\n")


def ingestion_dir(settings: Settings) -> str:
    """Returns the output folder; its folders EVENTS and CATALOGUE contain examples."""
    return os.path.join(run_paths(settings).run_dir, "ingest")


def run_ingestion(settings: Settings) -> dict[str, Any]:
    """Ingests into `<output>/ingest` and returns the counts.

    An earlier ingestion is replaced only if this one succeeds.

    Args:
      settings: Validated settings.

    Raises:
      InputError: The input cannot be ingested, or `<output>/ingest` contains other files.
    """
    with atomic_replacement(ingestion_dir(settings)) as folder:
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
    return {**log, "without_kept_event": items_without_kept_event(log, items), "catalogue": items}
