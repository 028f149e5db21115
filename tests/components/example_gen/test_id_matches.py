"""Ids of the log without a row: counted, an error if none has one, a warning if few have."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from schemas.errors import InputError
from schemas.settings import DataSettings
from schemas.source_settings import FeatureKind, FeatureSettings
from tests.components.example_gen.logs import event, run, settings

USER_FEATURES = {"age": {"kind": "number"}}


def data_of(
    folder: Path,
    users: list[str] | None = None,
    items: list[str] | None = None,
    log_user: str = "{}",
    log_item: str = "{}",
    **changes: Any,
) -> DataSettings:
    """A log of the users 1 to 4 and the items 10 to 15, and files with the given ids."""
    log = [
        event(log_user.format(user), log_item.format(10 + (user + time) % 6), 1000 * time + user)
        for user in range(1, 5)
        for time in range(1, 13)
    ]
    if users is not None:
        (folder / "users.csv").write_text("\n".join(["id,age", *(f"{u},30" for u in users)]) + "\n")
        changes["users"] = {
            "path": str(folder / "users.csv"),
            "format": "csv",
            "fields": {"user_id": "id"},
            "features": USER_FEATURES,
        }
    return settings(folder, log, items, **changes)


def numbers(first: int, last: int, form: str = "{}") -> list[str]:
    return [form.format(number) for number in range(first, last + 1)]


def test_share_of_ids_and_events_that_have_a_row(tmp_path: Path) -> None:
    data = data_of(tmp_path, users=numbers(1, 3), items=numbers(10, 14))
    report = run(data, tmp_path).report
    assert report.matches == {
        "users": {"ids": {"found": 3, "unmatched": 1}, "events": {"found": 36, "unmatched": 12}},
        "items": {"ids": {"found": 5, "unmatched": 1}, "events": {"found": 40, "unmatched": 8}},
    }
    assert report.warnings == ()


@pytest.mark.parametrize(
    ("changes", "rule", "message"),
    [
        (
            {"users": numbers(1, 4), "log_user": "{}.0"},
            "decimal_zero",
            r"users: none of the 4 users of the log .* 1\.0 is not in the users file, 1 is",
        ),
        (
            {"items": numbers(10, 15), "log_item": "{}.0"},
            "decimal_zero",
            r"items: none of the 6 items of the log .* 10\.0 is not in the catalogue, 10 is",
        ),
        (
            {"items": numbers(10, 15, "SKU-{}"), "log_item": "sku-{}"},
            "case",
            r"sku-10 is not in the catalogue, SKU-10 is",
        ),
        (
            {"items": numbers(10, 15, "00{}")},
            "leading_zeros",
            r"10 is not in the catalogue, 0010 is",
        ),
        (
            {"items": numbers(10, 15, "e\u0301{}"), "log_item": "é{}"},
            "unicode",
            r"is not in the catalogue",
        ),
        (
            {"items": numbers(10, 15, "\ufeff{}"), "log_item": "{}"},
            "trim",
            r"10 is not in the catalogue",
        ),
    ],
)
@pytest.mark.parametrize("unknown", ["strict", "accept"])
def test_ids_that_one_rule_makes_equal(
    tmp_path: Path,
    changes: dict[str, Any],
    rule: str,
    message: str,
    unknown: Literal["strict", "accept"],
) -> None:
    data = data_of(tmp_path, **changes)
    if data.items is not None:
        data = replace(data, items=replace(data.items, unknown=unknown))
    with pytest.raises(InputError, match=message) as error:
        run(data, tmp_path)
    assert f"set `ids: {{normalise: [{rule}]}}`" in str(error.value)
    normalised = data_of(tmp_path, **changes, ids={"normalise": [rule]})
    report = run(normalised, tmp_path).report
    assert all(by["ids"].keys() <= {"found", "unmatched"} for by in report.matches.values())
    assert not any(by["ids"].get("unmatched") for by in report.matches.values())
    assert report.kept == 48


def test_few_ids_with_a_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = data_of(tmp_path, users=["1", *numbers(2, 4, "{}.0")])
    with caplog.at_level(logging.WARNING):
        report = run(data, tmp_path).report
    (warning,) = report.warnings
    assert warning.startswith("users: only 1 of the 4 users of the log are in the users file")
    assert "2 is not in the users file, 2.0 is: set `ids: {normalise: [decimal_zero]}`" in warning
    assert warning in caplog.text


def test_many_ids_of_other_users_are_no_warning(tmp_path: Path) -> None:
    """The users file has only one of the users, or the log only some of those of the file."""
    assert run(data_of(tmp_path, users=["1"]), tmp_path).report.warnings == ()
    many = data_of(tmp_path, users=numbers(2, 40))
    assert run(many, tmp_path).report.warnings == ()


def test_no_id_is_shown_without_raw(tmp_path: Path) -> None:
    data = data_of(tmp_path, users=numbers(1, 4), log_user="{}.0", rejects={"raw": False})
    with pytest.raises(InputError, match=r"rejects\.raw is false") as error:
        run(data, tmp_path)
    assert "1.0" not in str(error.value)


def test_a_users_file_without_a_valid_row(tmp_path: Path) -> None:
    data = data_of(tmp_path, users=[" "])
    with pytest.raises(InputError, match=r"has no valid row.*missing_field: 1"):
        run(data, tmp_path)


def test_an_unknown_item_names_its_other_spelling(tmp_path: Path) -> None:
    data = data_of(tmp_path, items=[*numbers(10, 13), "14.0"])
    rejects = run(data, tmp_path).rejects
    details = {reject["detail"] for reject in rejects}
    assert len(details) == 2
    assert any(
        "item 14 is not in the catalogue, but 14.0 is; set ids.normalise" in d for d in details
    )
    assert any("item 15 is not in the catalogue; add it" in detail for detail in details)


@pytest.mark.parametrize("unknown", ["strict", "accept"])
def test_an_item_whose_row_was_rejected(
    tmp_path: Path, unknown: Literal["strict", "accept"]
) -> None:
    data = data_of(tmp_path, items=numbers(10, 15))
    assert data.items is not None
    (tmp_path / "items.csv").write_text("item,price\n10,—\n11,1\n12,1\n13,1\n14,1\n15,1\n")
    price = FeatureSettings(kind=FeatureKind.NUMBER)
    data = replace(data, items=replace(data.items, unknown=unknown, features={"price": price}))
    out = run(data, tmp_path)
    reason = "items.csv, line 2, bad_value: price is '—', expected a number"
    assert out.report.matches["items"]["ids"] == {"found": 5, "rejected": 1}
    assert f"{reason}." in out.report.warnings[0]
    details = {reject["detail"] for reject in out.rejects}
    if unknown == "accept":
        assert details == set()
        assert "they have no features" in out.report.warnings[0]
        return
    (detail,) = details
    assert detail.startswith("the row of item 10 in the catalogue was rejected (")
    assert detail.endswith(f"{reason}); correct the row")
