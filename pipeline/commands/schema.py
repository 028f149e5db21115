"""`twotower schema`: infers a schema from the ingested records, as a draft to curate."""

import os
from pathlib import Path

import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.config_schema.infer import infer_curated_schema
from pipeline.commands.ingest import (
    CATALOGUE,
    EVENTS,
    ingestion_dir,
    run_ingestion,
    write_warnings,
)
from pipeline.console import Console
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, EVENTS_SPLIT, feature_table
from schemas.settings import Settings


def schema_command(settings: Settings, output: str | None, force: bool, console: Console) -> None:
    """Infers a schema and writes it to a file or prints it.

    Args:
      settings: Validated settings.
      output: The file to write; None prints the schema.
      force: Whether to overwrite an existing file.
      console: Receives the schema, or the path of the file.

    Raises:
      InputError: The input cannot be ingested, or the file cannot be written.
    """
    check_output(output, force)
    text = infer_schema(settings, console)
    if output is None:
        console.result.write(text)
    else:
        Path(output).write_text(text, encoding="utf-8")
        console.result.write(f"{output}\n")


def infer_schema(settings: Settings, console: Console) -> str:
    """Ingests the records and returns a schema inferred from their statistics, as text.

    Args:
      settings: Validated settings.
      console: Receives the warnings of the ingestion.

    Raises:
      InputError: The input cannot be ingested.
    """
    write_warnings(run_ingestion(settings), console)
    folder = ingestion_dir(settings)
    return infer_curated_schema(
        settings.name,
        feature_table(settings.data),
        _statistics(os.path.join(folder, EVENTS), EVENTS_SPLIT, settings),
        _statistics(os.path.join(folder, CATALOGUE), CATALOGUE_SPLIT, settings),
    )


def check_output(path: str | None, force: bool) -> None:
    """Checks before the ingestion that the schema can be written to a file.

    Raises:
      InputError: `path` exists and `force` is false, or its folder does not exist.
    """
    if path is None:
        return
    if os.path.exists(path) and not force:
        raise InputError(
            f"--output {path}: the file exists; give --force to overwrite it, or another name"
        )
    if not Path(path).parent.is_dir():
        raise InputError(
            f"--output {path}: there is no folder {Path(path).parent}; create it first"
        )


def _statistics(
    uri: str, split: str, settings: Settings
) -> statistics_pb2.DatasetFeatureStatisticsList:
    return tfdv.generate_statistics_from_tfrecord(
        os.path.join(uri, f"Split-{split}", "*"),
        pipeline_options=PipelineOptions(list(settings.beam.args)),
    )
