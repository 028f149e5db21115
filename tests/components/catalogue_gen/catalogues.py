"""Small catalogues with a log beside them, and what their ingestion comes to."""

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
    """Settings of a log of one user, who met `logged`, and of an items file; without it for None.

    Args:
      folder: Where the files are written.
      rows: The text of the items file.
      logged: Item ids.
      erase: What is erased.
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
    """The report, and the catalogue sorted by id."""
    uri = str(folder / "out" / "catalogue")
    report = ingest_catalogue(data, uri, str(folder / "out" / "rejects"), beam.Pipeline)
    found = read_raw_catalogue(uri, feature_table(data))
    order = np.argsort([item.decode() for item in found.item_id])
    features = {name: values[order] for name, values in found.features.items()}
    return report, RawCatalogue(found.item_id[order], found.available_at[order], features)


def rejects(folder: Path) -> list[dict[str, Any]]:
    """The rejected rows, by file and line."""
    with gzip.open(folder / "out" / "rejects" / "rejects.jsonl.gz", "rt") as file:
        found = [json.loads(line) for line in file]
    return sorted(found, key=lambda reject: (reject["file"], reject["line"]))
