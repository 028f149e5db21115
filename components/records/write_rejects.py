"""Beam transforms that write rejected records and the summary of an ingestion."""

import os
from typing import Any

import apache_beam as beam

from components.examples.write_shards import write_file, write_gzip
from components.records.erase import ErasedIds
from components.records.rejects_json import REJECTS_FILE, to_json_lines
from components.records.summary import Summary
from components.records.summary_file import SUMMARY_FILE
from schemas.privacy_settings import RejectsSettings


def write_rejects(
    rejects: beam.PCollection[Any],
    summary: beam.PCollection[Any],
    uri: str,
    shown: RejectsSettings,
    erased: ErasedIds,
) -> None:
    """Writes rejected records and the summary of the ingestion into a folder.

    Args:
      rejects: Rejects (`reject_table.serialize_rejects`).
      summary: A single `Summary`.
      uri: The folder.
      shown: The settings that limit which content of records is shown.
      erased: The ids that must not be shown.
    """
    path = os.path.join(uri, REJECTS_FILE)
    _ = (
        rejects.pipeline
        | "RejectsFile" >> beam.Create([path], reshuffle=False)
        | "WriteRejects"
        >> beam.Map(
            write_gzip,
            beam.pvalue.AsIter(rejects | "RejectsToJson" >> beam.Map(to_json_lines, shown, erased)),
        )
    )
    _ = (
        summary
        | "SummaryToJson" >> beam.Map(Summary.to_json, shown, erased)
        | "WriteSummary" >> beam.Map(_write_text, os.path.join(uri, SUMMARY_FILE))
    )


def _write_text(text: str, path: str) -> None:
    write_file(path, text.encode())
