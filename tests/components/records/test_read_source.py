"""Tests of a log, a catalogue and users read with queries; only the query service is replaced."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from components.readers.bigquery import ReadQuery, alias
from components.records import read_source
from schemas.settings import DataSettings, from_dict
from tests.components.example_gen.logs import run

DAY = datetime(2024, 5, 1, tzinfo=timezone.utc)
LOG = [
    {"u": user, "i": f"i{n % 4}", "at": DAY.replace(hour=n), "kind": "view"}
    for n in range(12)
    for user in (7, 8)
]
TABLES: dict[str, list[dict[str, Any]]] = {
    "log": [*LOG, LOG[0], {"u": None, "i": "i1", "at": LOG[0]["at"], "kind": "view"}],
    "items": [{"i": f"i{n}", "title": f"Item {n}"} for n in range(4)],
    "users": [{"u": 7, "city": "Ulm"}],
}


class FakeQuery(beam.PTransform[beam.pvalue.PBegin, beam.PCollection[Any]]):
    """Returns the requested columns of a table of TABLES in place of the query service."""

    def __init__(self, query: str, columns: tuple[str, ...]):
        super().__init__()
        self._rows = [
            {alias(at): row.get(column) for at, column in enumerate(columns)}
            for row in TABLES[query]
        ]

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[Any]:
        return begin | beam.Create(self._rows, reshuffle=False)


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> DataSettings:
    monkeypatch.setattr(
        read_source,
        "ReadQuery",
        lambda query, columns: ReadQuery(query, columns, FakeQuery(query, tuple(columns))),
    )
    fields = {"user_id": "u", "item_id": "i", "timestamp": "at", "event_type": "kind"}
    return from_dict(
        DataSettings,
        {
            "interactions": {"query": "log", "format": "bigquery", "fields": fields},
            "items": {
                "query": "items",
                "format": "bigquery",
                "fields": {"item_id": "i"},
                "features": {"title": {"kind": "text"}},
            },
            "users": {
                "query": "users",
                "format": "bigquery",
                "fields": {"user_id": "u"},
                "features": {"city": {"kind": "category"}},
            },
            "history": {"max_length": 4},
        },
    )


def test_an_ingestion_reads_queries(data: DataSettings, tmp_path: Path) -> None:
    out = run(data, tmp_path)
    assert (out.report.read, out.report.kept) == (len(LOG) + 2, len(LOG))
    assert out.report.rejects == {"duplicate": 1, "missing_field": 1}
    assert {(reject["file"], reject["line"]) for reject in out.rejects} == {("query", 0)}
    assert out.report.users_file == {"read": 1, "kept": 1, "rejects": {}}
    assert (out.catalogue.items, out.catalogue.read) == (4, 4)
    assert {user for user, *_ in out.windows["train"]} == {"7", "8"}


def test_the_order_of_a_querys_rows_does_not_matter(
    data: DataSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_time = [{"u": 7, "i": f"i{n % 4}", "at": n // 3, "kind": "ab"[n % 2]} for n in range(30)]
    outs = []
    for name, rows in (("as is", same_time), ("reversed", same_time[::-1])):
        monkeypatch.setitem(TABLES, "log", rows)
        (tmp_path / name).mkdir()
        outs.append(run(data, tmp_path / name).windows)
    assert outs[0] == outs[1]
