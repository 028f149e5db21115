"""Literal log lines through a whole ingestion, and what came out as plain values."""

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
    """What an ingestion wrote."""

    catalogue: CatalogueReport
    report: IngestReport
    windows: dict[str, list[tuple[str, list[str], list[int], list[bool]]]]
    rejects: list[dict[str, Any]]


def settings(folder: Path, log: list[str], items: list[str] | None = None, **changes: Any):
    """Data settings for a log of JSON lines (user, item, time, type, value, id) and a CSV
    catalogue of item ids; `changes` replace whole sections, some of them (`keep`, …) the log's."""
    (folder / "log.jsonl").write_text("".join(line + "\n" for line in log))
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time", "event_type": "type"}
    interactions: dict[str, Any] = {
        "path": str(folder / "log.jsonl"),
        "format": "jsonl",
        "fields": {**fields, "value": "value", "event_id": "id"},
    }
    for key in ("keep", "reject", "context", "timestamp_unit", "damaged_files"):
        if key in changes:
            interactions[key] = changes.pop(key)
    values: dict[str, Any] = {"interactions": interactions, "history": {"max_length": 4}}
    if items is not None:
        (folder / "items.csv").write_text("\n".join(["item", *items]) + "\n")
        path = str(folder / "items.csv")
        values["items"] = {"path": path, "format": "csv", "fields": {"item_id": "item"}}
    return from_dict(DataSettings, {**values, **changes})


def event(user: Any, item: Any, time: Any, **more: Any) -> str:
    """One line of the log; every field is there."""
    fields = {"user": user, "item": item, "time": time, "type": "view", "value": 1, "id": ""}
    return json.dumps({**fields, **more})


def run(data: DataSettings, folder: Path, now_s: int = NOW_S) -> Ingested:
    """Runs both ingestions; windows are sorted, as (user, items, timestamps, is_target)."""
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
    found = read_raw_windows(uri, split, feature_table(data))
    return sorted(
        (
            found.user_id[w].decode(),
            [item.decode() for item in found.item_id[begin:end]],
            found.timestamp[begin:end].tolist(),
            found.is_target[begin:end].tolist(),
        )
        for w, (begin, end) in enumerate(zip(found.offsets[:-1], found.offsets[1:], strict=True))
    )
