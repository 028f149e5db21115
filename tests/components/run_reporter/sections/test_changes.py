"""The section on the changes since the served version."""

import re

from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import complete, render, sections


def test_changes_are_those_of_metrics_sizes_and_settings() -> None:
    changes = sections(complete())["Changes since what serves"]

    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', changes)
    cells = {name: re.findall(r"<td[^>]*>(.*?)</td>", row) for name, row in rows}
    assert cells["recall@10"] == ["0.1874", "–", "–", "0.1717"]
    assert cells["items"] == ["1,600", "2,000", "+25.0%"]
    assert cells["listed items"] == ["1,250", "2,000", "+60.0%"]
    assert cells["training targets"] == ["–", "120,544", "–"]
    assert cells["model.dim"] == ["32", "64"]
    assert "name" not in cells  # equal in both configurations


def test_before_the_first_push_there_is_nothing_to_compare_with() -> None:
    fragments = {**runs.fragments(), "CurrentModel": {"serving": None}}
    changes = sections(render(fragments=fragments))["Changes since what serves"]
    assert "Nothing served when the run began" in changes
