"""Refusals as JSON lines: what they show, and that any text can be written."""

import json

import pytest

from components.example_gen.reject_table import pack
from components.example_gen.rejects import to_dict, to_json_lines
from schemas.data_settings import RejectsSettings
from schemas.events import Reject, RejectReason

SHOWN = RejectsSettings(max_raw_characters=5)
PLACE = {"file": "log", "line": 7, "reason": "bad_value"}


def refusal(raw: str, detail: str = "wrong", is_parsed: bool = False) -> Reject:
    return Reject("log", 7, RejectReason.BAD_VALUE, detail, raw, is_parsed)


@pytest.mark.parametrize(
    ("reject", "shown", "expected"),
    [
        (refusal("ü\n\0"), SHOWN, {"detail": "wrong", "raw": "ü\n\0"}),
        (refusal("ééééé"), SHOWN, {"detail": "wrong", "raw": "ééééé"}),
        (refusal("éééééé"), SHOWN, {"detail": "wrong", "raw": "ééééé… [cut: 6 characters]"}),
        (refusal("{}", is_parsed=True), SHOWN, {"detail": "wrong", "raw": "{}", "is_parsed": True}),
        (refusal("{}", is_parsed=True), RejectsSettings(raw=False), {"detail": "", "raw": ""}),
        (refusal("\udc80", "\ud800"), SHOWN, {"detail": r"\ud800", "raw": r"\udc80"}),
    ],
)
def test_a_line_shows_what_may_be_shown(
    reject: Reject, shown: RejectsSettings, expected: dict[str, object]
) -> None:
    assert to_dict(reject, shown) == PLACE | expected
    lines = to_json_lines(pack([reject, reject]), shown)
    assert lines.endswith(b"\n")
    assert [json.loads(line) for line in lines.splitlines()] == [PLACE | expected] * 2
