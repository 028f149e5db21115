"""`twotower schema`: infers a schema from the ingested records, as a draft to curate."""

import os

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
from pipeline.commands.output_file import check_new_file, write_file
from pipeline.console import Console
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
    if output is not None:
        check_new_file(output, force)
    text = infer_schema(settings, console)
    if output is None:
        console.result.write(text)
    else:
        write_file(output, text)
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


def _statistics(
    uri: str, split: str, settings: Settings
) -> statistics_pb2.DatasetFeatureStatisticsList:
    return tfdv.generate_statistics_from_tfrecord(
        os.path.join(uri, f"Split-{split}", "*"),
        pipeline_options=PipelineOptions(list(settings.beam.args)),
    )
