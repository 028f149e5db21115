"""The page as a whole: self-contained, with every section, chart and value."""

import re
from collections.abc import Callable

import altair as alt
import pytest

from tests.components.run_reporter.pages import (
    RUNS,
    TITLES,
    Page,
    complete,
    failed,
    rejected,
    render,
    sections,
    specifications,
)

MAX_BYTES = 5_000_000


@pytest.mark.parametrize("page", RUNS)
def test_the_page_is_well_formed_and_self_contained(page: Callable[[], str]) -> None:
    html = page()
    parsed = Page(html)

    assert not {"link", "img", "iframe", "object"} & set(parsed.tags)
    assert all(link.startswith("#") and link[1:] in parsed.ids for link in parsed.links)
    assert len(set(parsed.ids)) == len(parsed.ids)
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(style) == 1
    assert "url(" not in style[0]
    assert "@import" not in style[0]
    assert len(html.encode()) < MAX_BYTES


@pytest.mark.parametrize("page", RUNS)
def test_every_section_is_in_the_contents_and_in_the_page(page: Callable[[], str]) -> None:
    html = page()
    contents = re.findall(r'<li[^>]*><a href="#([a-z]+)">([^<]+)</a>', html)
    headings = re.findall(r'<h2 id="([a-z]+)" tabindex="-1">([^<]+)</h2>', html)

    assert contents == headings
    assert [title for _, title in headings] == TITLES


def test_every_chart_is_valid_vega_lite_and_has_a_table() -> None:
    html = complete()
    specs = specifications(html)

    names = re.findall(r'class="chart" id="chart-([a-z0-9-]+)"', html)
    assert sorted(names) == sorted(specs)
    assert html.count("The values as a table") == len(specs)
    assert {
        "events-over-time",
        "events-per-user",
        "item-popularity",
        "training-loss",
        "training-metrics",
        "difference-0",
        "recall-at-k",
        "slices-0",
        "index-curve",
        "item-map",
        "step-seconds",
        "step-memory",
    } <= set(specs)
    for spec in specs.values():
        alt.Chart.from_dict(spec, validate=True)
        assert spec["description"]


def test_the_bundle_has_the_version_of_the_specifications() -> None:
    html = complete()
    major = alt.SCHEMA_VERSION.removeprefix("v").partition(".")[0]

    assert all(f"vega-lite/v{major}." in s["$schema"] for s in specifications(html).values())
    bundle = Page(html).scripts[-1]
    assert re.search(rf'"{major}\.\d+\.\d+"', bundle)
    # docs/report.md states 0.9 MB.
    assert round(len(bundle.encode()) / 1e6, 1) == 0.9


def test_the_page_of_a_complete_run_has_the_values() -> None:
    html = complete()
    for text in (
        "0.1874",  # recall@10 of the model
        "0.1774–0.1974",  # its interval
        "+0.1162 … +0.1362",  # its difference from a baseline
        "0.0612",  # recall@10 of popularity
        "recent popularity",
        "0.1511",  # recall@10 of the model under another protocol
        "one query per user at the split",
        "targets 14,987",
        "window 10, decay 0.8, eval recall@10 0.1412",
        "left out 40,000 items, above 10,000",
        "0.1855",  # recall@10 of the model with the window's mask
        "only the items of the request&#39;s own history",
        "repeats@10",
        "0.0483",
        "queries with items before the window 9,876",
        "0.1666–0.1999",  # the interval of a slice
        "minus markov",
        "-0.0111 … +0.0222",  # the difference from a baseline on a slice
        "There are 6 of them, each of 99.17 %",
        "best baseline recall@10",
        "0.1207 item knn",  # the best baseline on the slice
        "3.4e-06",  # the largest difference between training and serving
        "3.1 · 4.2 · 5.3",  # percentiles of norms
        "7.4%",  # the share of the most recommended items
        "0.4100",  # the head's share of the consumed items
        "model.against_popularity",
        "0.9934",  # recall of the index
        "3.9 ms",
        "2.3 MB",
        "0.9712",  # a point of the tuning curve of the index
        "plan num leaves",
        "0.8 s",  # the time to load the index
        "412,345",  # parameters
        "201,530",  # events read
        "1,416",  # duplicates in the log and the items file: 1412 + 4
        "3,011",  # rows of the users file
        "<dt>items never logged</dt><dd>64</dd>",
        'bad value</th><td class="num">–</td><td class="num">11</td>',
        "1 min 25 s",  # 84.6 s of training
        "1.2 GB",  # peak memory
        "runs/demo/run.log",
        "runs/demo/serving/demo/1719848123",
        "0123456789abcdef",
        "<dt>version set</dt><dd>python3.10</dd>",
        "2.16.2",
    ):
        assert text in html, text
    assert "plan kind" not in html  # equal to the kind of the index


def test_sections_without_content_say_why() -> None:
    parts = sections(rejected())
    assert "Rejected by data.reject_fraction: nothing was pushed" in rejected()
    assert "13 % were rejected: check rejects/" in parts["Gates"]
    assert "✗ rejected" in parts["Gates"]
    for title, step in (
        ("Training", "TwoTowerTrainer"),
        ("Quality", "RetrievalEvaluator"),
        ("Slices", "RetrievalEvaluator"),
        ("Map of the items", "RetrievalEvaluator"),
        ("Refit", "TowerRefit"),
        ("Index", "ScannIndexer"),
    ):
        assert f"{step} did not run, because DataGate failed." in parts[title]
    assert 'class="missing"' not in parts["Data"]
    assert "EventsStatistics has written no result" in parts["Features"]

    parts = sections(failed())
    assert "Failed in TwoTowerTrainer: nothing was pushed" in failed()
    assert "TwoTowerTrainer failed, so it has no result: OOM: out of memory" in parts["Training"]
    assert failed().count(">skipped<") == 4  # evaluator, refit, indexer, pusher
    assert "The run ended before its first gate." in parts["Gates"]


def test_a_run_without_steps_has_a_page() -> None:
    html = render([], {}, exit_code=2, error="no file matches", paths=None, config=None)
    assert "no file matches" in html
    assert "The run ended before its first step" in sections(html)["Data"]
    assert "<script" not in html  # no chart
