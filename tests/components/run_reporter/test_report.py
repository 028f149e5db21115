"""The page contains the measurements, has no external resources, and escapes its content."""

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.run_reporter.collect import collect_metrics, collect_run
from components.run_reporter.report import render_report
from tests.components.run_reporter import runs

VOID = {"meta", "br", "link", "img", "hr", "input"}
HOSTILE = "</title><script>alert('x')</script>\"'&"


class Balanced(HTMLParser):
    """Fails on tags that are not closed in order; collects tags and links."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(
    steps: list[dict[str, Any]] | None = None,
    fragments: dict[str, dict[str, Any]] | None = None,
    **run: Any,
) -> str:
    steps = runs.steps() if steps is None else steps
    fragments = runs.fragments() if fragments is None else fragments
    record = runs.run(**run)
    return render_report(collect_metrics(fragments, record), collect_run(steps, fragments, record))


def headings(html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", h).strip() for h in re.findall(r"<h2>(.*?)</h2>", html)]


def rejected() -> str:
    fragments = {k: v for k, v in runs.fragments().items() if k.endswith("ExampleGen")}
    gate = runs.gate("data.reject_fraction", False, "13 % were rejected: check rejects/")
    return page(runs.steps("DataGate"), fragments, exit_code=3, error="x", gates=[gate])


def failed() -> str:
    fragments = {k: v for k, v in runs.fragments().items() if k.endswith("ExampleGen")}
    return page(runs.steps("TwoTowerTrainer"), fragments, exit_code=1, error="OOM: out of memory")


@pytest.mark.parametrize("render", [page, rejected, failed])
def test_the_page_is_well_formed_and_self_contained(render: Callable[[], str]) -> None:
    html = render()
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert parser.links == []
    assert not {"script", "link", "img", "iframe"} & set(parser.tags)
    assert "url(" not in html
    assert "@import" not in html
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ElementTree.fromstring(svg)


def test_the_page_shows_later_negative_feedback() -> None:
    shares = {"later_negatives@10": 0.0123, "later_negatives@100": 0.1234}
    section = {
        "users": 60,
        "queries": 6444,
        "items": 201252,
        "model": shares,
        "others": {"item_knn": {name: 2 * share for name, share in shares.items()}},
        "confidence": {"model": {name: [0.5 * s, 1.5 * s] for name, s in shares.items()}},
    }
    fragments = runs.fragments()
    evaluation = fragments["RetrievalEvaluator"]
    html = page(
        fragments={**fragments, "RetrievalEvaluator": {**evaluation, "later_negatives": section}}
    )

    assert "Later negative feedback" in headings(html)
    for text in ("6,444 queries of 60 users", "0.0123", "0.0062–0.0185", "item knn", "0.2468"):
        assert text in html


def test_the_page_of_a_complete_run_has_all_sections_and_values() -> None:
    html = page()
    assert headings(html) == [
        "✓ Version 1719848123 is served",
        "Quality on held-out data",
        "Gates",
        "Slices",
        "Diagnosis",
        "Index",
        "Training",
        "Data",
        "Steps",
        "Files",
        "Configuration and versions",
    ]
    for text in (
        "0.1874",  # recall@10 of the model
        "0.1774–0.1974",  # its interval
        "+0.0774 … +0.0974",  # its difference from a baseline
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
        "model.beats_popularity",
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
        "runs/demo/run.log",
        "runs/demo/serving/demo/1719848123",
        "0123456789abcdef",
        "<dt>version set</dt><dd>python3.10</dd>",
        "2.16.2",
    ):
        assert text in html, text
    assert "plan kind" not in html  # equal to the kind of the index
    assert html.count("<svg") == 3  # recall@K, losses, validation metrics


# Python's text of a mapping, a list, a missing value, a truth value or an array.
PYTHON_TEXT = re.compile(
    r"[{(\[]['\"\[{]|[{\[][^\[{]*[}\]]|\bNone\b|\bTrue\b|\bFalse\b|array\(|\bnan\b"
)


def texts(html: str) -> list[str]:
    """Returns the texts of a page, except the configuration, which is JSON."""
    shown = re.sub(r"<(style|pre)>.*?</\1>", "", html, flags=re.DOTALL)
    return [text.strip() for text in unescape(re.sub(r"<[^>]+>", "\n", shown)).split("\n")]


@pytest.mark.parametrize("render", [page, rejected, failed])
def test_no_text_of_the_page_is_python(render: Callable[[], str]) -> None:
    assert [text for text in texts(render()) if PYTHON_TEXT.search(text)] == []


def test_the_parity_of_the_index_is_a_table_of_signatures() -> None:
    html = page()
    assert "<summary>parity signatures</summary>" in html
    cells = ("candidate_embedding", "–", "2.5e-07", "128")
    assert "<tr>" + "".join(f'<td class="num">{cell}</td>' for cell in cells) + "</tr>" in html
    assert "<dt>parity max difference</dt><dd>7.5e-07</dd>" in html
    for text in ("<td>false</td>", "<td>null</td>"):  # values of the recipe
        assert text in html


words = st.text("abcxyz_", min_size=1, max_size=6)
plain = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | words
values = st.recursive(
    plain, lambda parts: st.lists(parts, max_size=3) | st.dictionaries(words, parts, max_size=3)
)


@given(st.dictionaries(words, values, max_size=4), st.dictionaries(words, values, max_size=3))
@settings(max_examples=50)
def test_values_of_any_shape_are_shown_as_text(
    index: dict[str, Any], details: dict[str, Any]
) -> None:
    fragments = runs.fragments()
    fragments["ScannIndexer"]["index"] = index
    fragments["RetrievalEvaluator"]["protocol"] = details
    fragments["RetrievalEvaluator"]["baselines"] = {"markov": details}
    assert [text for text in texts(page(fragments=fragments)) if PYTHON_TEXT.search(text)] == []


def test_warnings_of_the_ingestion_are_shown() -> None:
    fragments = runs.fragments()
    fragments["InteractionExampleGen"]["warnings"] = ["split: eval has 1 of the 48 events"]
    fragments["CatalogueExampleGen"]["warnings"] = ["items.features.title: set html: strip"]
    html = page(fragments=fragments)
    assert "<strong>Warning:</strong> split: eval has 1 of the 48 events" in html
    assert "<strong>Warning:</strong> items.features.title: set html: strip" in html


def test_baselines_are_listed_below_the_model_from_best_to_worst() -> None:
    html = page()
    names = ["this model", "markov", "item knn", "recent popularity", "popularity"]
    offsets = [html.index(f'<th scope="row">{name}</th>') for name in names]
    assert offsets == sorted(offsets)


def test_the_page_of_a_data_rejection_has_gate_and_reason_but_no_quality() -> None:
    html = rejected()
    assert "Rejected by data.reject_fraction: nothing was pushed" in html
    assert "13 % were rejected: check rejects/" in html
    assert "✗ rejected" in html
    assert not {"Quality on held-out data", "Training", "Index", "Slices"} & set(headings(html))
    assert "Data" in headings(html)


def test_the_page_of_a_failed_run_has_the_step_the_cause_and_the_skipped_steps() -> None:
    html = failed()
    assert "Failed in TwoTowerTrainer: nothing was pushed" in html
    assert "OOM: out of memory" in html
    assert html.count(">skipped<") == 3  # evaluator, indexer, pusher
    assert "Gates" not in headings(html)


def test_a_run_without_steps_has_a_page() -> None:
    html = page([], {}, exit_code=2, error="no file matches", paths=None, config=None)
    assert "no file matches" in html


def test_hostile_text_is_escaped_everywhere() -> None:
    fragments = runs.fragments()
    evaluation = fragments["RetrievalEvaluator"]
    evaluation["test"]["baselines"][HOSTILE] = runs.ranking(0.09)
    evaluation["protocols"][HOSTILE] = evaluation["protocols"]["all_future"]
    evaluation["baselines"][HOSTILE] = {HOSTILE: HOSTILE}
    evaluation["slices"][HOSTILE] = {HOSTILE: {"users": 1, "targets": 1, "recall@10": 0.1}}
    fragments["TwoTowerTrainer"]["history"] = [
        {"epoch": epoch, "loss": 1.0, f"val_{HOSTILE}": 0.1} for epoch in (1, 2)
    ]
    choice = {"key": HOSTILE, "value": HOSTILE, "reason": HOSTILE}
    fragments["TwoTowerTrainer"]["recipe"] = [choice]
    fragments["InteractionExampleGen"]["rejects"][HOSTILE] = 3
    evaluation["gates"] = [runs.gate(HOSTILE, False, HOSTILE)]
    html = page(
        fragments=fragments,
        name=HOSTILE,
        config={"name": HOSTILE},
        config_path=HOSTILE,
        paths={HOSTILE: HOSTILE},
        error=HOSTILE,
    )
    assert "<script" not in html
    assert html.count("</title>") == 1
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
