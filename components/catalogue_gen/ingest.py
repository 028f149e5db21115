"""Ingestion of the catalogue as one call, for the TFX executor and for `twotower ingest`."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from components.catalogue_gen.make_items import ITEMS, LOGGED, NEVER_LOGGED, READMITTED
from components.catalogue_gen.pipeline import MakeCatalogueExamples
from components.examples.tfrecord import split_folder
from components.examples.write_shards import WriteShards, remove_temporary
from components.progress import progress
from components.records.erase import load_erased_ids
from components.records.read_source import places_of
from components.records.rejects import REJECTS_FILE
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.write_rejects import read_summary, rejections, rejects_of, write_rejects
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT
from schemas.settings import DataSettings


@dataclass(frozen=True)
class CatalogueReport:
    """Counts of one ingestion of the catalogue; read == kept + the sum of rejects.

    Attributes:
      read: Rows of the items file.
      kept: Items of the items file.
      rejects: Rejected rows by reason.
      items: All candidates.
      logged_only: Candidates without content, which the log alone makes candidates.
      readmitted: Of these, the ones that the items file has a row of, but a rejected one.
      never_logged: Candidates without a readable event; None where the log is not read for them.
      seconds: How long it took.
    """

    read: int
    kept: int
    rejects: dict[str, int]
    items: int
    logged_only: int
    readmitted: int
    never_logged: int | None
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
    """Writes the set of candidates: the items file's, with the log's where it decides on items.

    Args:
      data: What the log and the catalogue are.
      examples_uri: Where the split `catalogue` is written.
      rejects_uri: Where rejected rows are written.
      make_pipeline: Makes the Beam pipeline to run on.

    Raises:
      InputError: A file is unfit as a whole, or no item is left.
    """
    started = time.monotonic()
    pipeline = make_pipeline()  # before any file is looked at: filesystems take its options
    item_files = places_of("items", data.items) if data.items else ()
    reads_log = data.catalogue_reads_log
    log_files = places_of("interactions", data.interactions) if reads_log else ()
    erased = load_erased_ids(data.erase)
    progress.info("reading the catalogue from %d file(s)", len(item_files) + len(log_files))
    with pipeline:
        made = pipeline | "Catalogue" >> MakeCatalogueExamples(data, item_files, log_files, erased)
        folder = split_folder(examples_uri, CATALOGUE_SPLIT)
        _ = (made[CATALOGUE_SPLIT],) | "WriteSplits" >> WriteShards({CATALOGUE_SPLIT: folder})
        write_rejects(made[REJECTS_TAG], made[SUMMARY_TAG], rejects_uri, data.rejects, erased)
    remove_temporary([folder, os.path.join(rejects_uri, REJECTS_FILE)])
    report = _report(read_summary(rejects_uri), data, time.monotonic() - started)
    progress.info("the catalogue holds %d items", report.items)
    return report


def _report(summary: dict[str, Any], data: DataSettings, seconds: float) -> CatalogueReport:
    if summary["faults"]:
        raise InputError("; ".join(summary["faults"]))
    candidates = Counter(summary["rows"])
    kept, logged_only = candidates[ITEMS], candidates[LOGGED]
    if not kept + logged_only:
        path, source = (
            (data.items.place, ITEMS) if data.items else (data.interactions.place, LOGGED)
        )
        cause = "It holds no record: check the path and the format."
        if read := summary["read"].get(source, 0):
            cause = f"All {read} records were rejected or erased. {rejections(summary, source)}"
        raise InputError(f"{path}: no item could be read. {cause}")
    return CatalogueReport(
        read=summary["read"].get(ITEMS, 0),
        kept=kept,
        rejects=rejects_of(summary, ITEMS),
        items=kept + logged_only,
        logged_only=logged_only,
        readmitted=candidates[READMITTED],
        never_logged=candidates[NEVER_LOGGED] if data.catalogue_reads_log else None,
        seconds=round(seconds, 3),
    )
