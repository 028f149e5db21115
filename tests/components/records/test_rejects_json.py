"""Tests of rejects as JSON lines: which content they show, and that any text can be encoded."""

import json

import pytest

from components.records.erase import WITHHELD_DETAIL, ErasedIds
from components.records.reject_table import serialize_rejects
from components.records.rejects_json import to_dict, to_json_lines
from schemas.events import Reject, RejectReason
from schemas.privacy_settings import RejectsSettings

SHOWN = RejectsSettings(max_raw_characters=5)
FIXED_FIELDS = {"file": "log", "line": 7, "reason": "bad_value"}


def make_reject(raw: str, detail: str = "wrong", is_parsed: bool = False) -> Reject:
    return Reject("log", 7, RejectReason.BAD_VALUE, detail, raw, is_parsed)


@pytest.mark.parametrize(
    ("reject", "shown", "expected"),
    [
        (make_reject("ü\n\0"), SHOWN, {"detail": "wrong", "raw": "ü\n\0"}),
        (make_reject("ééééé"), SHOWN, {"detail": "wrong", "raw": "ééééé"}),
        (make_reject("éééééé"), SHOWN, {"detail": "wrong", "raw": "ééééé… [cut: 6 characters]"}),
        (
            make_reject("{}", is_parsed=True),
            SHOWN,
            {"detail": "wrong", "raw": "{}", "is_parsed": True},
        ),
        (make_reject("{}", is_parsed=True), RejectsSettings(raw=False), {"detail": "", "raw": ""}),
        (make_reject("\udc80", "\ud800"), SHOWN, {"detail": r"\ud800", "raw": r"\udc80"}),
    ],
)
def test_a_line_shows_only_permitted_content(
    reject: Reject, shown: RejectsSettings, expected: dict[str, object]
) -> None:
    assert to_dict(reject, shown, ErasedIds()) == FIXED_FIELDS | expected
    lines = to_json_lines(serialize_rejects([reject, reject]), shown, ErasedIds())
    assert lines.endswith(b"\n")
    assert [json.loads(line) for line in lines.splitlines()] == [FIXED_FIELDS | expected] * 2


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
def test_content_with_an_erased_id_is_withheld(raw: str, is_shown: bool) -> None:
    erased = ErasedIds(frozenset({"gone"}), frozenset({"x@y.z"}))
    shown = to_dict(make_reject(raw), RejectsSettings(), erased)
    withheld = {"detail": WITHHELD_DETAIL, "raw": ""}
    assert shown == FIXED_FIELDS | ({"detail": "wrong", "raw": raw} if is_shown else withheld)
    in_detail = to_dict(make_reject("", f"value {raw}"), RejectsSettings(), erased)
    assert (in_detail["detail"] != WITHHELD_DETAIL) == is_shown
