"""Small catalogues with a log, and the results of their ingestion."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np

from components.catalogue_gen.ingest import CatalogueReport, ingest_catalogue
from components.examples.read import RawCatalogue, read_raw_catalogue
from schemas.features import feature_table
from schemas.settings import DataSettings, from_dict

HEADER = "item,title,genres,price,added,released\n"
ROWS = f"""{HEADER}a,First,x|y|x,1.5,100,
b,Second,,,,86400
a,Again, z ,2.5,200,
,No id,,3,,
c,Bad price,,cheap,,
d,Bad time,,4,soon,
e,Too short
"""
LOGGED = ("a", "new", "a")


def settings(
    folder: Path,
    rows: str | None,
    logged: Sequence[str] = LOGGED,
    erase: dict[str, Any] | None = None,
    **items: Any,
) -> DataSettings:
    """Returns the settings of a log of one user and, unless `rows` is None, of an items file.

    Args:
      folder: The folder for the files.
      rows: The text of the items file.
      logged: The items of the user's events.
      erase: The section `erase`.
      **items: Further keys of `items`.
    """
    log = [{"user": "u", "item": item, "time": n} for n, item in enumerate(logged)]
    (folder / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in log))
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
    values: dict[str, Any] = {
        "interactions": {"path": str(folder / "log.jsonl"), "format": "jsonl", "fields": fields},
        "erase": erase or {},
    }
    if rows is not None:
        (folder / "items.csv").write_text(rows)
        values["items"] = {
            "path": str(folder / "items.csv"),
            "format": "csv",
            "fields": {"item_id": "item", "available_at": "added"},
            "features": {
                "title": {"kind": "text"},
                "genres": {"kind": "categories"},
                "price": {"kind": "number"},
                "released": {"kind": "timestamp"},
            },
            **items,
        }
    return from_dict(DataSettings, values)


def run(data: DataSettings, folder: Path) -> tuple[CatalogueReport, RawCatalogue]:
    """Ingests the catalogue; returns the report, and the catalogue sorted by id."""
    uri = str(folder / "out" / "catalogue")
    report = ingest_catalogue(data, uri, str(folder / "out" / "rejects"), beam.Pipeline)
    catalogue = read_raw_catalogue(uri, feature_table(data))
    order = np.argsort([item.decode() for item in catalogue.item_id])
    features = {name: values[order] for name, values in catalogue.features.items()}
    return report, RawCatalogue(catalogue.item_id[order], catalogue.available_at[order], features)


def rejects(folder: Path) -> list[dict[str, Any]]:
    """Returns the rejected rows in order of file and line."""
    with gzip.open(folder / "out" / "rejects" / "rejects.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    return sorted(rows, key=lambda reject: (reject["file"], reject["line"]))
