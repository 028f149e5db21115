"""Ingestion of the catalogue as one call, for the TFX executor and for `twotower ingest`."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from components.catalogue_gen.pipeline import ITEMS, LOGGED, MakeCatalogueExamples
from components.example_gen.columns import check_source
from components.example_gen.ingest import read_summary, write_rejects
from components.example_gen.read_log import REJECTS_TAG, SUMMARY_TAG
from components.example_gen.report import refusals, rejects_of
from components.example_gen.tfrecord import write_split
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT
from schemas.settings import DataSettings

_progress = logging.getLogger("twotower.progress")


@dataclass(frozen=True)
class CatalogueReport:
    """Counts of one ingestion of the catalogue; read == kept + the sum of rejects.

    Attributes:
      read: Rows of the items file.
      kept: Items of the items file.
      rejects: Refused rows by reason.
      items: All candidates.
      logged_only: Candidates that only the log knows.
      seconds: How long it took.
    """

    read: int
    kept: int
    rejects: dict[str, int]
    items: int
    logged_only: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return vars(self).copy()


def ingest_catalogue(
    data: DataSettings,
    examples_uri: str,
    rejects_uri: str,
    make_pipeline: Callable[[], beam.Pipeline],
) -> CatalogueReport:
    """Writes the set of candidates: the items file's, and the log's where it adds items.

    Args:
      data: What the log and the catalogue are.
      examples_uri: Where the split `catalogue` is written.
      rejects_uri: Where refused rows are written.
      make_pipeline: Makes the Beam pipeline to run on.

    Raises:
      InputError: A file is unfit as a whole, or no item is left.
    """
    started = time.monotonic()
    takes_logged = data.items is None or data.items.unknown == "accept"
    item_files = check_source("items", data.items) if data.items else ()
    log_files = check_source("interactions", data.interactions) if takes_logged else ()
    _progress.info("reading the catalogue from %d file(s)", len(item_files) + len(log_files))
    with make_pipeline() as pipeline:
        made = pipeline | "Catalogue" >> MakeCatalogueExamples(data, item_files, log_files)
        write_split(made[CATALOGUE_SPLIT], examples_uri, CATALOGUE_SPLIT)
        write_rejects(made[REJECTS_TAG], made[SUMMARY_TAG], rejects_uri)
    report = _report(read_summary(rejects_uri), data, time.monotonic() - started)
    _progress.info("the catalogue holds %d items", report.items)
    return report


def _report(summary: dict[str, Any], data: DataSettings, seconds: float) -> CatalogueReport:
    if summary["faults"]:
        raise InputError("; ".join(summary["faults"]))
    kept, logged_only = (summary["rows"].get(source, 0) for source in (ITEMS, LOGGED))
    if not kept + logged_only:
        path, source = (
            (data.items.place, ITEMS) if data.items else (data.interactions.place, LOGGED)
        )
        cause = refusals(summary, source) or "It holds no record: check the path and the format."
        raise InputError(f"{path}: no item could be read. {cause}")
    return CatalogueReport(
        read=summary["read"].get(ITEMS, 0),
        kept=kept,
        rejects=rejects_of(summary, ITEMS),
        items=kept + logged_only,
        logged_only=logged_only,
        seconds=round(seconds, 3),
    )
