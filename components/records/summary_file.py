"""The summary that an ingestion wrote: reading it, and rejects as text for error messages."""

import json
import os
from typing import Any

from apache_beam.io.filesystems import FileSystems

SUMMARY_FILE = "summary.json"


def read_summary(uri: str) -> dict[str, Any]:
    """Returns the JSON values that `Summary.to_json` wrote into the folder `uri`."""
    with FileSystems.open(os.path.join(uri, SUMMARY_FILE)) as file:
        values: dict[str, Any] = json.loads(file.read())
    return values


def rejects_by_reason(summary: dict[str, Any], source: str) -> dict[str, int]:
    """Returns the number of rejected records of one source by reason."""
    return {reason: count for name, reason, count in summary["rejects"] if name == source}


def format_rejects(summary: dict[str, Any], source: str) -> str:
    """Returns a text with the number of rejects by reason and one rejected record.

    Reasons are sorted by frequency, the most frequent first; the record is an example of the most
    frequent reason that has one. The text is empty if nothing was rejected.

    >>> rejects = [["items", "duplicate", 1], ["items", "bad_value", 7]]
    >>> format_rejects({"rejects": rejects, "examples": []}, "items")
    'By reason: bad_value: 7, duplicate: 1.'
    """
    counts = sorted(rejects_by_reason(summary, source).items(), key=lambda entry: -entry[1])
    if not counts:
        return ""
    listed = ", ".join(f"{reason}: {count}" for reason, count in counts)
    examples = {(name, reason): example for name, reason, example in summary["examples"]}
    shown = [examples[source, reason] for reason, _ in counts if (source, reason) in examples]
    text = f"By reason: {listed}."
    if shown:
        # With rejects.raw: false the detail, which quotes values, is empty.
        detail = f": {shown[0]['detail']}" if shown[0]["detail"] else ""
        text += f" For example {shown[0]['file']}, line {shown[0]['line']}{detail}."
    if shown and shown[0]["raw"]:
        text += f" The record: {shown[0]['raw']}"
    return text
