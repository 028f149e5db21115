"""`twotower ingest`: reads the log and the catalogue alone, and counts what it kept and refused."""

import os
import shutil
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.catalogue_gen.ingest import ingest_catalogue
from components.example_gen.ingest import Outputs, ingest
from pipeline.paths import run_paths
from schemas.settings import Settings


def ingest_only(settings: Settings) -> dict[str, Any]:
    """Ingests into `<output>/ingest`, which is made anew, and returns the counts.

    Args:
      settings: Validated settings.

    Raises:
      InputError: The input is unfit as a whole.
    """
    folder = os.path.join(run_paths(settings).output, "ingest")
    shutil.rmtree(folder, ignore_errors=True)
    catalogue = os.path.join(folder, "catalogue")

    def make_pipeline() -> beam.Pipeline:
        return beam.Pipeline(options=PipelineOptions(list(settings.beam.args)))

    items = ingest_catalogue(
        settings.data, catalogue, os.path.join(folder, "catalogue_rejects"), make_pipeline
    )
    keys = ("windows", "events", "users", "rejects")
    outputs = Outputs(**{key: os.path.join(folder, key) for key in keys})
    report = ingest(settings.data, catalogue, outputs, make_pipeline)
    return {**report.to_dict(), "catalogue": items.to_dict()}


def render_counts(counts: dict[str, Any]) -> str:
    """The counts as a table for a terminal."""
    lines = [
        f"{'read':<24}{counts['read']:>12,}",
        f"{'kept':<24}{counts['kept']:>12,}",
        *(f"  refused {reason:<16}{n:>10,}" for reason, n in sorted(counts["rejects"].items())),
        f"{'users':<24}{counts['users']:>12,}",
        f"{'items with an event':<24}{counts['items']:>12,}",
        f"{'items in the catalogue':<24}{counts['catalogue']['items']:>12,}",
        "",
        f"{'split':<8}{'events':>10}{'targets':>10}{'windows':>10}  first … last",
    ]
    for split, of in counts["splits"].items():
        lines.append(
            f"{split:<8}{of['events']:>10,}{of['targets']:>10,}{of['windows']:>10,}"
            f"  {of['first']} … {of['last']}"
        )
    lines.append(f"\n{counts['seconds']:.1f} s")
    return "\n".join(lines) + "\n"
