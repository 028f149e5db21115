"""The catalogue: rows in, candidates and refusals out."""

import gzip
import json
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest

from components.catalogue_gen.ingest import CatalogueReport, ingest_catalogue
from components.examples import Catalogue, read_catalogue
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.settings import DataSettings, from_dict

ROWS = """item,title,genres,price,added
a,First,x|y|x,1.5,100
b,Second,,,
a,Again, z ,2.5,200
,No id,,3,
c,Bad price,,cheap,
d,Bad time,,4,soon
e,Too short
"""


def settings(folder: Path, rows: str | None, **items: Any) -> DataSettings:
    log = [{"user": "u", "item": item, "time": n} for n, item in enumerate(("a", "new", "a"))]
    (folder / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in log))
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
    values: dict[str, Any] = {
        "interactions": {"path": str(folder / "log.jsonl"), "format": "jsonl", "fields": fields}
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
            },
            **items,
        }
    return from_dict(DataSettings, values)


def run(data: DataSettings, folder: Path) -> tuple[CatalogueReport, Catalogue]:
    """The report, and the catalogue sorted by id."""
    uri = str(folder / "catalogue")
    report = ingest_catalogue(data, uri, str(folder / "rejects"), beam.Pipeline)
    found = read_catalogue(uri, feature_table(data))
    order = np.argsort([item.decode() for item in found.item_id])
    features = {name: values[order] for name, values in found.features.items()}
    return report, Catalogue(found.item_id[order], found.available_at[order], features)


def test_the_last_row_of_an_item_counts_and_dirt_is_refused(tmp_path: Path) -> None:
    report, catalogue = run(settings(tmp_path, ROWS), tmp_path)
    assert catalogue.item_id.tolist() == [b"a", b"b"]
    assert catalogue.available_at.tolist() == [200, -1]
    assert catalogue.features["title"].tolist() == [b"Again", b"Second"]
    assert catalogue.features["genres"].tolist() == [[b"z"], [b""]]
    np.testing.assert_array_equal(catalogue.features["price"], [2.5, np.nan])
    assert (report.read, report.kept, report.items, report.logged_only) == (7, 2, 2, 0)
    with gzip.open(tmp_path / "rejects" / "rejects.jsonl.gz", "rt") as file:
        rejects = {reject["line"]: reject["reason"] for reject in map(json.loads, file)}
    assert rejects == {
        2: "duplicate",
        5: "missing_field",
        6: "bad_value",
        7: "bad_timestamp",
        8: "unparseable",
    }
    assert report.rejects == dict.fromkeys(sorted(rejects.values()), 1)
    assert report.read == report.kept + sum(report.rejects.values())


def test_accept_adds_logged_items_without_content(tmp_path: Path) -> None:
    report, catalogue = run(settings(tmp_path, ROWS, unknown="accept"), tmp_path)
    assert catalogue.item_id.tolist() == [b"a", b"b", b"new"]
    assert catalogue.features["title"][2] == b""
    assert np.isnan(catalogue.features["price"][2])
    assert (report.kept, report.items, report.logged_only) == (2, 3, 1)


def test_without_a_catalogue_the_logged_items_are_it(tmp_path: Path) -> None:
    report, catalogue = run(settings(tmp_path, None), tmp_path)
    assert catalogue.item_id.tolist() == [b"a", b"new"]
    assert (report.read, report.kept, report.items, report.logged_only) == (0, 0, 2, 2)


def test_a_catalogue_without_an_item_is_an_error(tmp_path: Path) -> None:
    header = ROWS.splitlines()[0] + "\n"
    with pytest.raises(InputError, match=r"items\.csv: no item.*missing_field"):
        run(settings(tmp_path, header + ",No id,,3,\n"), tmp_path)
