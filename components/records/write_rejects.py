"""Rejected records and counts of an ingestion: written by Beam, read back, and put into words."""

import json
import os
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from components.examples.write_shards import write_file, write_gzip
from components.records.erase import ErasedIds
from components.records.rejects import REJECTS_FILE, to_json_lines
from components.records.summary import Summary
from schemas.data_settings import RejectsSettings

SUMMARY_FILE = "summary.json"


def write_rejects(
    rejects: beam.PCollection,
    summary: beam.PCollection,
    uri: str,
    shown: RejectsSettings,
    erased: ErasedIds,
) -> None:
    """Writes rejected records and the counts of the run into the folder `uri`.

    Args:
      rejects: Rejections (`reject_table.pack`).
      summary: The one Summary.
      uri: The folder.
      shown: How much of a record its entry may show.
      erased: Whose ids no entry may show.
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


def read_summary(uri: str) -> dict:
    """The counts that the pipeline wrote into the folder `uri`."""
    with FileSystems.open(os.path.join(uri, SUMMARY_FILE)) as file:
        return json.loads(file.read())


def rejects_of(summary: dict[str, Any], source: str) -> dict[str, int]:
    """Counts of one source's rejections by reason."""
    return {reason: count for of, reason, count in summary["rejects"] if of == source}


def rejections(summary: dict[str, Any], source: str) -> str:
    """Counts by reason, most frequent first, with one record of the most frequent."""
    counts = sorted(rejects_of(summary, source).items(), key=lambda entry: -entry[1])
    if not counts:
        return ""
    listed = ", ".join(f"{reason}: {count}" for reason, count in counts)
    examples = {(of, reason): example for of, reason, example in summary["examples"]}
    shown = [examples[source, reason] for reason, _ in counts if (source, reason) in examples]
    text = f"By reason: {listed}."
    if shown:
        # Under rejects.raw: false the detail, which quotes values, is empty.
        detail = f": {shown[0]['detail']}" if shown[0]["detail"] else ""
        text += f" For example {shown[0]['file']}, line {shown[0]['line']}{detail}."
    if shown and shown[0]["raw"]:
        text += f" The record: {shown[0]['raw']}"
    return text
