"""Tests of ingestion with times of several kinds, null words and binary ids, from files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import InputError
from schemas.settings import DataSettings, from_dict
from tests.components.example_gen.logs import run

NOW_S = 1_500_000_000
FIELDS = {"user_id": "user", "item_id": "item", "timestamp": "time"}


def settings(path: Path, fields: dict[str, Any] = FIELDS, **changes: Any) -> DataSettings:
    """Returns the settings of a log; `items`, `users` and `split` are sections of their own."""
    sections: dict[str, Any] = {
        key: changes.pop(key) for key in ("items", "users", "split") if key in changes
    }
    log = {"path": str(path), "format": path.suffix[1:], "fields": fields, **changes}
    return from_dict(DataSettings, {"interactions": log, **sections})


def csv(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_dates_as_integers_are_an_error_that_names_the_format(tmp_path: Path) -> None:
    rows = [f"u{day % 3},i{day},201404{day:02}" for day in range(1, 31)]
    log = csv(tmp_path / "log.csv", "user,item,time", rows)
    with pytest.raises(InputError) as caught:
        run(settings(log), tmp_path, NOW_S)
    assert 'set interactions.timestamp_format: "%Y%m%d"' in str(caught.value)
    out = run(settings(log, timestamp_format="%Y%m%d"), tmp_path, NOW_S)
    assert (out.report.first, out.report.last) == ("2014-04-01T00:00:00Z", "2014-04-30T00:00:00Z")


def test_dates_of_a_catalogue_are_checked(tmp_path: Path) -> None:
    log = csv(tmp_path / "log.csv", "user,item,time", [f"u,i{n},{NOW_S - n}" for n in range(9)])
    catalogue = csv(tmp_path / "items.csv", "item,added,year", [f"i{n},20140401,1995" for n in
                                                                range(9)])  # fmt: skip
    items = {"path": str(catalogue), "format": "csv", "fields": {"item_id": "item"}}
    year = {"kind": "timestamp"}
    for changed, key in (
        ({"fields": {"item_id": "item", "available_at": "added"}}, "items.timestamp_format"),
        ({"features": {"year": year}}, "items.features.year.timestamp_format"),
    ):
        with pytest.raises(InputError, match=f"set {key}: "):
            run(settings(log, items=items | changed), tmp_path, NOW_S)
    features = {"year": year | {"timestamp_format": "%Y"}}
    run(settings(log, items=items | {"features": features}), tmp_path, NOW_S)


def test_dates_and_times_in_two_columns(tmp_path: Path) -> None:
    rows = [f"u,i{n},{n + 1}/4/2014,{n}:30" for n in range(20)]
    log = csv(tmp_path / "log.csv", "user,item,day,clock", rows)
    fields = FIELDS | {"timestamp": ["day", "clock"]}
    out = run(settings(log, fields, timestamp_format="%d/%m/%Y %H:%M"), tmp_path, NOW_S)
    assert (out.report.first, out.report.last) == ("2014-04-01T00:30:00Z", "2014-04-20T19:30:00Z")


def test_order_of_rows_in_place_of_times(tmp_path: Path) -> None:
    for name, items in (("1.csv", "abc"), ("2.csv", "de")):
        csv(tmp_path / name, "user,item", [f"u,{item}" for item in items])
    log = {"path": str(tmp_path / "?.csv"), "format": "csv"}
    fields = FIELDS | {"timestamp": "row_order"}
    values = {"interactions": log | {"fields": fields}, "split": {"policy": "leave_one_out"}}
    out = run(from_dict(DataSettings, values), tmp_path, NOW_S)
    (window,) = out.windows["test"]
    assert window[1] == ["a", "b", "c", "d", "e"]
    assert (out.report.first, out.report.last) == ("file 1, line 2", "file 2, line 3")
    assert "row_order" in out.report.warnings[0]
    csv(tmp_path / "3.csv", "user,item,row_order", ["u,f,1"])
    with pytest.raises(InputError, match=r"write \[row_order\] to read the column"):
        run(from_dict(DataSettings, values), tmp_path, NOW_S)


def test_null_words_reject_ids_and_keep_users(tmp_path: Path) -> None:
    rows = [f"{'nan' if n % 3 == 0 else n % 2},i{n},{NOW_S - n},{'NaN' if n % 2 else 4}" for n in
            range(30)]  # fmt: skip
    log = csv(tmp_path / "log.csv", "user,item,time,rating", rows)
    people = csv(tmp_path / "users.csv", "user,age", ["0,NULL", "1,34"])
    users = {
        "path": str(people),
        "format": "csv",
        "fields": {"user_id": "user"},
        "features": {"age": {"kind": "number"}},
    }
    out = run(settings(log, FIELDS | {"value": "rating"}, users=users), tmp_path, NOW_S)
    assert out.report.rejects == {"missing_field": 10}
    assert out.report.users == 2
    assert out.report.users_file == {"read": 2, "kept": 2, "rejects": {}}
    out = run(settings(log, null_values=[]), tmp_path, NOW_S)
    assert (out.report.users, out.report.rejects) == (3, {})


def test_binary_users_are_kept_whole(tmp_path: Path) -> None:
    users = [bytes([0, first, second, 9]) for first in (9, 10, 32) for second in (9, 10, 32)]
    rows = [(user, day) for day in range(6) for user in users]
    table = pa.table(
        {
            "user": pa.array([user for user, _ in rows], pa.binary(4)),
            "item": [f"i{n}" for n in range(len(rows))],
            "time": [NOW_S - 86_400 * (9 - day) for _, day in rows],
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    out = run(settings(tmp_path / "log.parquet"), tmp_path, NOW_S)
    assert out.report.rejects == {}
    assert {window[0] for window in out.windows["train"]} == {user.hex() for user in users}
