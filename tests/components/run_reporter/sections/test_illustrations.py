"""The sections on recommendations, on the worst misses, and on the map of the items."""

import re

from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import complete, render, sections, specifications


def test_users_misses_and_the_map_show_titles_or_else_ids() -> None:
    parts = sections(complete())
    users = parts["Recommendations"]
    assert "User 1: 17 past events" in users
    assert re.findall(r"<li[^>]*>([^<]*)", users) == [
        *("Alpha", "Beta"),
        *("c", "Delta &amp; Sons "),
        "Delta &amp; Sons ",
    ]
    assert users.count('class="hit"') == 1
    assert "the best ranked 1 of 4" in users
    assert "Alpha; Beta" in parts["Worst misses"]
    assert "item knn" in parts["Worst misses"]
    rows = next(iter(specifications(complete())["item-map"]["datasets"].values()))
    assert [row["title"] for row in rows] == ["Alpha", "Beta", "c", "Delta & Sons"]
    assert "half of them the most popular" in parts["Map of the items"]


def test_records_that_must_not_be_shown_are_left_out_with_the_reason() -> None:
    fragments = runs.fragments()
    illustrations = fragments["RetrievalEvaluator"]["illustrations"]
    illustrations["users"] = illustrations["misses"] = None
    parts = sections(render(fragments=fragments))

    for title in ("Recommendations", "Worst misses"):
        assert "rejects.raw: false" in parts[title]
    assert "item-map" in parts["Map of the items"]
