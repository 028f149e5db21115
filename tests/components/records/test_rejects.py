"""Rejections as JSON lines: what they show, and that any text can be written."""

import json

import pytest

from components.records.erase import WITHHELD, ErasedIds
from components.records.reject_table import pack
from components.records.rejects import to_dict, to_json_lines
from schemas.data_settings import RejectsSettings
from schemas.events import Reject, RejectReason

SHOWN = RejectsSettings(max_raw_characters=5)
PLACE = {"file": "log", "line": 7, "reason": "bad_value"}


def rejection(raw: str, detail: str = "wrong", is_parsed: bool = False) -> Reject:
    return Reject("log", 7, RejectReason.BAD_VALUE, detail, raw, is_parsed)


@pytest.mark.parametrize(
    ("reject", "shown", "expected"),
    [
        (rejection("ü\n\0"), SHOWN, {"detail": "wrong", "raw": "ü\n\0"}),
        (rejection("ééééé"), SHOWN, {"detail": "wrong", "raw": "ééééé"}),
        (rejection("éééééé"), SHOWN, {"detail": "wrong", "raw": "ééééé… [cut: 6 characters]"}),
        (
            rejection("{}", is_parsed=True),
            SHOWN,
            {"detail": "wrong", "raw": "{}", "is_parsed": True},
        ),
        (rejection("{}", is_parsed=True), RejectsSettings(raw=False), {"detail": "", "raw": ""}),
        (rejection("\udc80", "\ud800"), SHOWN, {"detail": r"\ud800", "raw": r"\udc80"}),
    ],
)
def test_a_line_shows_what_may_be_shown(
    reject: Reject, shown: RejectsSettings, expected: dict[str, object]
) -> None:
    assert to_dict(reject, shown, ErasedIds()) == PLACE | expected
    lines = to_json_lines(pack([reject, reject]), shown, ErasedIds())
    assert lines.endswith(b"\n")
    assert [json.loads(line) for line in lines.splitlines()] == [PLACE | expected] * 2


@pytest.mark.parametrize(
    ("raw", "is_shown"),
    [
        ('{"u":"u1","t":"by gone"}', False),
        ("u1,bad,see x@y.z", False),
        ("x@y", True),
        ("bygone", True),
        ("u1,gone-7", True),
    ],
)
def test_what_names_an_erased_id_is_withheld(raw: str, is_shown: bool) -> None:
    erased = ErasedIds(frozenset({"gone"}), frozenset({"x@y.z"}))
    shown = to_dict(rejection(raw), RejectsSettings(), erased)
    withheld = {"detail": WITHHELD, "raw": ""}
    assert shown == PLACE | ({"detail": "wrong", "raw": raw} if is_shown else withheld)
    in_detail = to_dict(rejection("", f"value {raw}"), RejectsSettings(), erased)
    assert (in_detail["detail"] != WITHHELD) == is_shown
