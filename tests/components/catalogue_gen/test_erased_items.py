"""Tests that erased items are counted and occur in no output."""

import gzip
from pathlib import Path

import pytest

from schemas.errors import InputError
from tests.components.catalogue_gen.catalogues import HEADER, rejects, run, settings

ROWS = f"""{HEADER}secret,Hidden,,1,,
a,First,,1,,
 secret ,Hidden again,,not a number,,
b,Second,,not a number,,
secret,Hidden,too,short
,Nameless,,1,,
"""


def written(folder: Path) -> bytes:
    """Returns all bytes that were written, decompressed."""
    files = [path for path in (folder / "out").rglob("*") if path.is_file()]
    assert len(files) >= 3
    contents = [path.read_bytes() for path in files]
    return b"".join(gzip.decompress(d) if d.startswith(b"\x1f\x8b") else d for d in contents)


@pytest.mark.parametrize("unknown", ["strict", "accept"])
def test_erased_items_are_counted_and_never_written(tmp_path: Path, unknown: str) -> None:
    erase = {"item_ids": ["secret"]}
    data = settings(tmp_path, ROWS, ("a", "secret", "b"), erase, unknown=unknown)

    report, catalogue = run(data, tmp_path)

    assert catalogue.item_id.tolist() == ([b"a"] if unknown == "strict" else [b"a", b"b"])
    assert report.rejects == {"bad_value": 1, "erased": 2, "missing_field": 1, "unparseable": 1}
    assert report.read == report.kept + sum(report.rejects.values())
    assert b"secret" not in written(tmp_path)
    assert b"Hidden" not in written(tmp_path)


def test_rows_without_a_readable_item_are_rejected_and_withheld(tmp_path: Path) -> None:
    run(settings(tmp_path, ROWS, erase={"item_ids": ["secret"]}), tmp_path)
    shown = {reject["line"]: reject for reject in rejects(tmp_path)}
    assert set(shown) == {5, 6, 7}
    assert shown[5]["raw"] == "b,Second,,not a number,,"
    for line in (6, 7):
        assert shown[line]["raw"] == ""
        assert shown[line]["detail"].startswith("withheld")


def test_an_item_with_events_of_erased_users_only_is_not_logged(tmp_path: Path) -> None:
    data = settings(tmp_path, None, ("a",), {"user_ids": ["gone"]})
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"user": "gone", "item": "theirs", "time": 9}\n')
        log.write('{"user": "gone", "item": "a", "time": "never"}\n')
    report, catalogue = run(data, tmp_path)
    assert catalogue.item_id.tolist() == [b"a"]
    assert b"gone" not in written(tmp_path)
    assert b"theirs" not in written(tmp_path)
    assert (report.items, report.logged_only) == (1, 1)


def test_the_error_for_a_catalogue_of_erased_items_shows_no_id(tmp_path: Path) -> None:
    data = settings(tmp_path, f"{HEADER}secret,Hidden,,1,,\n", erase={"item_ids": ["secret"]})
    with pytest.raises(InputError, match=r"All 1 records were .*erased: 1") as raised:
        run(data, tmp_path)
    assert "secret" not in str(raised.value)
    assert "Hidden" not in str(raised.value)


def test_the_error_for_a_log_of_erased_users_has_the_number_of_records(tmp_path: Path) -> None:
    data = settings(tmp_path, None, ("a", "b", "a"), {"user_ids": ["u"]})
    with pytest.raises(InputError, match=r"All 3 records were .*erased: 3\.$"):
        run(data, tmp_path)


def test_the_error_for_a_catalogue_without_rows_suggests_to_check_the_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no record: check the path"):
        run(settings(tmp_path, HEADER), tmp_path)
