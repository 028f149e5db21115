"""Ids such as NA that have many events are reported."""

from pathlib import Path
from typing import Any

import pytest

from components.example_gen.placeholder_ids import count_placeholders
from tests.components.example_gen.logs import event, run, settings
from tests.components.example_gen.tables import sorted_events


def warnings_of(folder: Path, users: list[str], **changes: Any) -> tuple[str, ...]:
    log = [event(user, f"i{n}", 60 * n) for n, user in enumerate(users)]
    return run(settings(folder, log, **changes), folder).report.warnings


def test_ids_are_counted_by_field_in_any_case() -> None:
    rows = [("NA", "i"), ("na", "N/A"), ("NA", "NA"), ("Nadia", "none-such"), ("u", "i")]
    events = sorted_events([{"user_id": user, "item_id": item} for user, item in rows])
    assert count_placeholders(events) == {
        ("user_id", "NA"): 2,
        ("user_id", "na"): 1,
        ("item_id", "N/A"): 1,
        ("item_id", "NA"): 1,
    }


def test_a_user_called_na_with_many_events_is_reported(tmp_path: Path) -> None:
    [text] = warnings_of(tmp_path, ["NA"] * 60 + ["a", "b"] * 20)
    assert text.startswith(
        "interactions.fields.user_id: 60 of 100 records have the id 'NA', which is often written "
        "for a missing value. Here all of them are one user. "
    )
    assert "interactions.null_values: ['NA', 'NULL']" in text


@pytest.mark.parametrize(("null_values", "kept"), [(["NA", "NULL"], 40), (["NULL"], 100)])
def test_the_proposed_settings_decide_without_a_warning(
    tmp_path: Path, null_values: list[str], kept: int
) -> None:
    users = ["NA"] * 60 + ["a", "b"] * 20
    log = [event(user, f"i{n}", 60 * n) for n, user in enumerate(users)]
    report = run(settings(tmp_path, log, null_values=null_values), tmp_path).report
    assert (report.warnings, report.kept) == ((), kept)


def test_a_rare_id_is_not_reported(tmp_path: Path) -> None:
    assert not warnings_of(tmp_path, ["NA"] + ["a", "b"] * 100)
