"""Ingestions with negative feedback: it is counted, and its absence is an error."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.ingest_table import render_counts
from schemas.errors import InputError
from tests.components.example_gen.logs import event, run, settings

# Every fifth event is a dislike; ratings are 1 to 4.
LOG = [
    event(f"u{n % 3}", f"i{n}", n, type="view" if n % 5 else "dislike", value=n % 4 + 1)
    for n in range(60)
]
CATALOGUE = {"items": 60, "read": 0, "kept": 0, "rejects": {}, "seconds": 0.1}


@pytest.mark.parametrize(
    ("negative", "is_negative"),
    [
        ({"event_types": ["dislike"]}, lambda n: n % 5 == 0),
        ({"max_value": 2}, lambda n: n % 4 < 2),
        ({"event_types": ["view"], "max_value": 1}, lambda n: n % 5 and n % 4 == 0),
    ],
)
def test_negative_feedback_is_history_and_is_counted(
    tmp_path: Path, negative: dict[str, Any], is_negative: Any
) -> None:
    out = run(settings(tmp_path, LOG, targets={"negative": negative}), tmp_path)

    flags: dict[str, bool] = {}
    for windows in out.windows.values():
        for _, items, _, is_target in windows:
            for item, flag in zip(items, is_target, strict=True):
                flags[item] = flags.get(item, False) or flag
    assert flags == {f"i{n}": not is_negative(n) for n in range(60) if f"i{n}" in flags}
    assert {item for item, flag in flags.items() if not flag}
    counts = out.report.splits
    assert sum(split["negatives"] for split in counts.values()) == sum(
        bool(is_negative(n)) for n in range(60)
    )
    table = render_counts({**out.report.to_dict(), "catalogue": CATALOGUE})
    assert "negatives" in table


def test_counts_without_the_role_do_not_mention_it(tmp_path: Path) -> None:
    report = run(settings(tmp_path, LOG), tmp_path).report
    assert all("negatives" not in split for split in report.splits.values())


def test_negative_feedback_that_does_not_occur_is_an_error(tmp_path: Path) -> None:
    negative = {"event_types": ["view"], "max_value": 0.5}
    with pytest.raises(InputError) as caught:
        run(settings(tmp_path, LOG, targets={"negative": negative}), tmp_path)
    assert "targets.negative: none of the 60 kept events of " in str(caught.value)
    assert "(event_types view and max_value 0.5); correct the condition" in str(caught.value)
