"""Tests of the ingestion of the catalogue, from rows to candidates and rejects."""

from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.metrics import MetricsFilter

from components.catalogue_gen.pipeline import MakeCatalogueExamples
from components.records.erase import ErasedIds
from schemas.errors import InputError
from schemas.settings import DataSettings
from tests.components.catalogue_gen.catalogues import HEADER, ROWS, rejects, run, settings


def test_the_last_row_of_an_item_is_kept_and_invalid_rows_are_rejected(tmp_path: Path) -> None:
    report, catalogue = run(settings(tmp_path, ROWS), tmp_path)
    assert catalogue.item_id.tolist() == [b"a", b"b"]
    assert catalogue.available_at.tolist() == [200, -1]
    assert catalogue.features["title"].tolist() == [b"Again", b"Second"]
    assert catalogue.features["genres"].tolist() == [[b"z"], [b""]]
    assert catalogue.features["released"].tolist() == [-1, 86400]
    np.testing.assert_array_equal(catalogue.features["price"], [2.5, np.nan])
    assert (report.read, report.kept, report.items, report.logged_only) == (7, 2, 2, 0)
    reasons = {reject["line"]: reject["reason"] for reject in rejects(tmp_path)}
    assert reasons == {
        2: "duplicate",
        5: "missing_field",
        6: "bad_value",
        7: "bad_timestamp",
        8: "unparseable",
    }
    assert report.rejects == dict.fromkeys(sorted(reasons.values()), 1)
    assert report.read == report.kept + sum(report.rejects.values())


def test_the_last_row_by_file_name_is_kept(tmp_path: Path) -> None:
    data = settings(tmp_path, "", path=[str(tmp_path / "day2.csv"), str(tmp_path / "day1.csv")])
    (tmp_path / "day1.csv").write_text(f"{HEADER}a,old,,1,,\na,newer,,2,,\n")
    (tmp_path / "day2.csv").write_text(f"{HEADER}a,newest,,3,,\na,invalid,,cheap,,\n")

    _, catalogue = run(data, tmp_path)

    assert catalogue.features["title"].tolist() == [b"newest"]
    shown = [(reject["line"], reject["reason"], reject["raw"]) for reject in rejects(tmp_path)]
    assert shown == [
        (2, "duplicate", "a,old,,1,,"),
        (3, "duplicate", "a,newer,,2,,"),
        (3, "bad_value", "a,invalid,,cheap,,"),
    ]
    assert f"{tmp_path / 'day2.csv'}, line 2" in rejects(tmp_path)[0]["detail"]


def test_accept_adds_logged_items_without_content(tmp_path: Path) -> None:
    data = settings(tmp_path, ROWS, logged=("a", "new", "c", "c"), unknown="accept")
    report, catalogue = run(data, tmp_path)
    assert catalogue.item_id.tolist() == [b"a", b"b", b"c", b"new"]
    for name, missing in (("title", b""), ("genres", [b""]), ("released", -1)):
        assert catalogue.features[name][2:].tolist() == [missing, missing]
    assert np.isnan(catalogue.features["price"][2:]).all()
    assert (report.kept, report.items, report.logged_only) == (2, 4, 2)
    assert report.readmitted == 1  # The row of c was rejected.
    assert report.never_logged == 1  # b


def test_the_log_is_not_read_if_it_does_not_affect_the_candidates(tmp_path: Path) -> None:
    data = settings(tmp_path, ROWS)
    (tmp_path / "log.jsonl").unlink()
    report, _ = run(data, tmp_path)
    assert (report.logged_only, report.readmitted, report.never_logged) == (0, 0, None)


def test_strict_rejects_items_without_a_readable_event(tmp_path: Path) -> None:
    data = settings(tmp_path, ROWS, never_logged="strict")
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"user": "u", "item": "b", "time": "once"}\n')
    report, catalogue = run(data, tmp_path)
    assert catalogue.item_id.tolist() == [b"a"]
    assert (report.kept, report.items, report.logged_only, report.never_logged) == (1, 1, 0, 0)
    (rejected,) = (reject for reject in rejects(tmp_path) if reject["reason"] == "never_logged")
    assert (rejected["line"], rejected["raw"]) == (3, "b,Second,,,,86400")
    assert report.read == report.kept + sum(report.rejects.values())


def test_without_a_catalogue_the_logged_items_are_the_candidates(tmp_path: Path) -> None:
    report, catalogue = run(settings(tmp_path, None), tmp_path)
    assert catalogue.item_id.tolist() == [b"a", b"new"]
    assert (report.read, report.kept, report.items, report.logged_only) == (0, 0, 2, 2)


@pytest.mark.parametrize(
    ("rows", "items", "message"),
    [
        (f"{HEADER},No id,,3,,\n", {}, r"items\.csv: no item.*missing_field"),
        (f"{HEADER}b,,,,,\n", {"never_logged": "strict"}, r"items\.csv: no item.*never_logged"),
    ],
)
def test_a_catalogue_without_items_is_an_error(
    tmp_path: Path, rows: str, items: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(settings(tmp_path, rows, **items), tmp_path)


def test_counts_are_added_to_metrics(tmp_path: Path) -> None:
    counters = _counters(settings(tmp_path, ROWS, unknown="accept"), tmp_path)
    assert counters == {
        "items_read": 7,
        "items_rejected_duplicate": 1,
        "items_rejected_missing_field": 1,
        "items_rejected_bad_value": 1,
        "items_rejected_bad_timestamp": 1,
        "items_rejected_unparseable": 1,
        "candidates_items": 2,
        "candidates_logged": 1,
        "candidates_never_logged": 1,
    }


def _counters(data: DataSettings, folder: Path) -> dict[str, int]:
    pipeline = beam.Pipeline()
    files = ((str(folder / "items.csv"),), (str(folder / "log.jsonl"),))
    _ = pipeline | MakeCatalogueExamples(data, *files, ErasedIds())
    result = pipeline.run()
    result.wait_until_finish()
    metrics = result.metrics().query(MetricsFilter().with_namespace("twotower"))["counters"]
    totals: dict[str, int] = {}
    for counter in metrics:
        name = counter.key.metric.name
        totals[name] = totals.get(name, 0) + counter.result
    return totals
