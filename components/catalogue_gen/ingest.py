"""Ingestion of the catalogue as one function, for the TFX executor and for `twotower ingest`."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from components.catalogue_gen.item_table import feature_column
from components.catalogue_gen.make_items import ITEMS, LOGGED, NEVER_LOGGED, READMITTED
from components.catalogue_gen.pipeline import MakeCatalogueExamples
from components.examples.shards import split_folder
from components.examples.write_shards import WriteShards, remove_temporary
from components.id_normalisation import IdNormaliser
from components.progress import progress
from components.records.erase import load_erased_ids
from components.records.item_notes import write_notes
from components.records.list_text import describe_ambiguous
from components.records.read_source import source_files
from components.records.rejects_json import REJECTS_FILE
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.summary_file import format_rejects, read_summary, rejects_by_reason
from components.records.text_looks import text_warnings
from components.records.time_ranges import implausible_times
from components.records.write_rejects import write_rejects
from schemas.errors import InputError
from schemas.features import AVAILABLE_AT, CATALOGUE_SPLIT, Feature, feature_table
from schemas.settings import DataSettings
from schemas.source_settings import FeatureKind


@dataclass(frozen=True)
class CatalogueReport:
    """Counts of one ingestion of the catalogue; read == kept + the sum of rejects.

    Attributes:
      read: Number of rows of the items files.
      kept: Number of candidates from the items files.
      rejects: Number of rejected rows by reason.
      items: Number of all candidates.
      logged_only: Number of candidates that are only in the log and thus have no content.
      readmitted: Number of `logged_only` items whose rows in the items files were all rejected.
      never_logged: Number of candidates without a valid event; None if the log was not read.
      seconds: Duration of the ingestion.
      warnings: Texts about settings that probably do not suit the data.
    """

    read: int
    kept: int
    rejects: dict[str, int]
    items: int
    logged_only: int
    readmitted: int
    never_logged: int | None
    seconds: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON values."""
        return vars(self).copy()


def ingest_catalogue(
    data: DataSettings,
    examples_uri: str,
    rejects_uri: str,
    make_pipeline: Callable[[], beam.Pipeline],
) -> CatalogueReport:
    """Reads the items files, and the log if the settings require it, and writes the candidates.

    Args:
      data: The settings of the log and the catalogue.
      examples_uri: The folder for the split `catalogue`.
      rejects_uri: The folder for rejected rows.
      make_pipeline: Returns the Beam pipeline to run.

    Returns:
      The counts of the ingestion.

    Raises:
      InputError: Files are missing or invalid, or no candidate remains.
    """
    started = time.monotonic()
    # The pipeline is built before files are opened: Beam's filesystems use its options.
    pipeline = make_pipeline()
    item_files = source_files("items", data.items) if data.items else ()
    reads_log = data.catalogue_reads_log
    log_files = source_files("interactions", data.interactions) if reads_log else ()
    erased = load_erased_ids(data.erase, IdNormaliser(data.ids))
    progress.info("reading the catalogue from %d file(s)", len(item_files) + len(log_files))
    with pipeline:
        results = pipeline | "Catalogue" >> (
            MakeCatalogueExamples(data, item_files, log_files, erased)
        )
        folder = split_folder(examples_uri, CATALOGUE_SPLIT)
        _ = (results[CATALOGUE_SPLIT],) | "WriteSplits" >> WriteShards({CATALOGUE_SPLIT: folder})
        write_rejects(results[REJECTS_TAG], results[SUMMARY_TAG], rejects_uri, data.rejects, erased)
    remove_temporary([folder, os.path.join(rejects_uri, REJECTS_FILE)])
    summary = read_summary(rejects_uri)
    report = _report(summary, data, time.monotonic() - started)
    write_notes(examples_uri, report.kept, summary["rejected_items"], summary["logged_only"])
    progress.info("the catalogue has %d items", report.items)
    for warning in report.warnings:
        progress.warning("warning: %s", warning)
    return report


def _check_lists(summary: dict[str, Any], data: DataSettings) -> None:
    """Checks that each column of lists is written in one way.

    Raises:
      InputError: A column has texts that are lists of JSON or Python, and others.
    """
    keys = {
        feature_column(feature): f"items.features.{feature.name}"
        for feature in feature_table(data).item
        if feature.list_format == "auto"
    }
    if problems := describe_ambiguous(summary["list_forms"], keys):
        raise InputError("; ".join(problems))


def _check_times(summary: dict[str, Any], data: DataSettings) -> None:
    """Checks that the numbers of the catalogue's times are not times in another unit.

    Raises:
      InputError: They look like others.
    """
    keys = {
        (ITEMS, feature_column(feature)): f"items.features.{feature.name}"
        for feature in feature_table(data).item
    }
    keys[ITEMS, AVAILABLE_AT] = "items.fields.available_at"
    if problems := implausible_times(summary["times"], keys):
        raise InputError("; ".join(problems))


def _report(summary: dict[str, Any], data: DataSettings, seconds: float) -> CatalogueReport:
    if summary["faults"]:
        raise InputError("; ".join(summary["faults"]))
    _check_lists(summary, data)
    _check_times(summary, data)
    candidates = Counter(summary["rows"])
    kept, logged_only = candidates[ITEMS], candidates[LOGGED]
    if not kept + logged_only:
        path, source = (
            (data.items.place, ITEMS) if data.items else (data.interactions.place, LOGGED)
        )
        cause = "There is no record: check the path and the format."
        if read := summary["read"].get(source, 0):
            cause = f"All {read} records were rejected or erased. {format_rejects(summary, source)}"
        raise InputError(f"{path}: no item could be read. {cause}")
    return CatalogueReport(
        read=summary["read"].get(ITEMS, 0),
        kept=kept,
        rejects=rejects_by_reason(summary, ITEMS),
        items=kept + logged_only,
        logged_only=logged_only,
        readmitted=candidates[READMITTED],
        never_logged=candidates[NEVER_LOGGED] if data.catalogue_reads_log else None,
        seconds=round(seconds, 3),
        warnings=tuple(text_warnings(summary["text_looks"], _text_features(data))),
    )


def _text_features(data: DataSettings) -> dict[str, Feature]:
    """Returns the features of kind `text` by column."""
    features = feature_table(data).item
    return {feature_column(x): x for x in features if x.kind is FeatureKind.TEXT}
