"""Small logs given as lines, and the results of their ingestion as Python values."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from components.catalogue_gen.ingest import CatalogueReport, ingest_catalogue
from components.example_gen.ingest import Outputs, ingest
from components.example_gen.report import IngestReport
from components.examples.read import read_raw_windows
from schemas.features import feature_table
from schemas.settings import DataSettings, from_dict

NOW_S = 2_000_000_000


@dataclass(frozen=True)
class Ingested:
    """The output of an ingestion."""

    catalogue: CatalogueReport
    report: IngestReport
    windows: dict[str, list[tuple[str, list[str], list[int], list[bool]]]]
    rejects: list[dict[str, Any]]


def settings(
    folder: Path, log: list[str], items: list[str] | None = None, **changes: Any
) -> DataSettings:
    """Writes a log and a catalogue, and returns their settings.

    Args:
      folder: The folder for the files.
      log: JSON lines with the fields user, item, time, type, value and id.
      items: The item ids of a CSV catalogue; None for no catalogue.
      **changes: Sections that replace the defaults; `keep`, `reject`, `context`, `timestamp_unit`,
        `damaged_files` and `null_values` are sections of `interactions`.
    """
    (folder / "log.jsonl").write_text("".join(line + "\n" for line in log))
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time", "event_type": "type"}
    interactions: dict[str, Any] = {
        "path": str(folder / "log.jsonl"),
        "format": "jsonl",
        "fields": {**fields, "value": "value", "event_id": "id"},
    }
    for key in ("keep", "reject", "context", "timestamp_unit", "damaged_files", "null_values"):
        if key in changes:
            interactions[key] = changes.pop(key)
    values: dict[str, Any] = {"interactions": interactions, "history": {"max_length": 4}}
    if items is not None:
        (folder / "items.csv").write_text("\n".join(["item", *items]) + "\n")
        path = str(folder / "items.csv")
        values["items"] = {"path": path, "format": "csv", "fields": {"item_id": "item"}}
    return from_dict(DataSettings, {**values, **changes})


def event(user: Any, item: Any, time: Any, **more: Any) -> str:
    """Returns one line of the log, with every field."""
    fields = {"user": user, "item": item, "time": time, "type": "view", "value": 1, "id": ""}
    return json.dumps({**fields, **more})


def run(data: DataSettings, folder: Path, now_s: int = NOW_S) -> Ingested:
    """Ingests catalogue and log; windows are sorted tuples (user, items, timestamps, is_target)."""
    catalogue_uri = str(folder / "catalogue")
    make_pipeline = beam.Pipeline
    catalogue = ingest_catalogue(data, catalogue_uri, str(folder / "item_rejects"), make_pipeline)
    outputs = Outputs(*(str(folder / name) for name in ("windows", "events", "users", "rejects")))
    report = ingest(data, catalogue_uri, outputs, make_pipeline, now_s)
    with gzip.open(folder / "rejects" / "rejects.jsonl.gz", "rt") as file:
        rejects = [json.loads(line) for line in file]
    windows = {
        split: _plain_windows(outputs.windows, split, data) for split in ("train", "eval", "test")
    }
    return Ingested(catalogue, report, windows, rejects)


def _plain_windows(uri: str, split: str, data: DataSettings) -> list[Any]:
    windows = read_raw_windows(uri, split, feature_table(data))
    return sorted(
        (
            windows.user_id[w].decode(),
            [item.decode() for item in windows.item_id[begin:end]],
            windows.timestamp[begin:end].tolist(),
            windows.is_target[begin:end].tolist(),
        )
        for w, (begin, end) in enumerate(
            zip(windows.offsets[:-1], windows.offsets[1:], strict=True)
        )
    )
