"""`twotower schema`: infers, from what is ingested, a schema for a person to curate."""

import os
from pathlib import Path

import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.config_schema.infer import infer_curated
from pipeline.commands.ingest_only import CATALOGUE, EVENTS, ingest_folder, ingest_only
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, EVENTS_SPLIT, feature_table
from schemas.settings import Settings


def infer_schema(settings: Settings) -> str:
    """Ingests as `twotower ingest` does and infers a curated schema, as text.

    Args:
      settings: Validated settings.

    Raises:
      InputError: The input is unfit as a whole.
    """
    ingest_only(settings)
    folder = ingest_folder(settings)
    return infer_curated(
        settings.name,
        feature_table(settings.data),
        _statistics(os.path.join(folder, EVENTS), EVENTS_SPLIT, settings),
        _statistics(os.path.join(folder, CATALOGUE), CATALOGUE_SPLIT, settings),
    )


def check_output(path: str | None, force: bool) -> None:
    """Checks that a schema may be written, before the work is done.

    Raises:
      InputError: `path` exists and `force` is not set, or its folder does not exist.
    """
    if path is None:
        return
    if os.path.exists(path) and not force:
        raise InputError(f"--output {path}: exists; give --force to replace it, or another name")
    if not Path(path).parent.is_dir():
        raise InputError(f"--output {path}: there is no folder {Path(path).parent}; make it first")


def _statistics(
    uri: str, split: str, settings: Settings
) -> statistics_pb2.DatasetFeatureStatisticsList:
    return tfdv.generate_statistics_from_tfrecord(
        os.path.join(uri, f"Split-{split}", "*"),
        pipeline_options=PipelineOptions(list(settings.beam.args)),
    )
