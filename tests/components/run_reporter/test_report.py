"""The page contains the measurements, has no external resources, and escapes its content."""

import json
import re
from collections.abc import Callable
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import Any

import altair as alt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.run_reporter.charts.lines import MAX_LINES
from components.run_reporter.collect import collect_metrics, collect_run
from components.run_reporter.read_files import RejectExample, StepFiles
from components.run_reporter.report import render_report, script_json
from components.run_reporter.sections.section import ReportInputs
from tests.components.run_reporter import runs

VOID = {"meta", "br", "link", "img", "hr", "input"}
HOSTILE = "</title></script><script>alert('x')</script><!--\"'&"
MAX_BYTES = 5_000_000
TITLES = [
    "Data",
    "Rejected records",
    "Features",
    "Recipe",
    "Training",
    "Quality",
    "Slices",
    "Diagnosis",
    "Index",
    "Gates",
    "Recommendations",
    "Worst misses",
    "Map of the items",
    "Time and memory",
    "Changes since what serves",
    "Files",
    "Configuration and versions",
]


class Page(HTMLParser):
    """Fails on tags that are not closed in order; collects tags, links, ids and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)


def render(
    steps: list[dict[str, Any]] | None = None,
    fragments: dict[str, dict[str, Any]] | None = None,
    files: StepFiles | None = None,
    **run: Any,
) -> str:
    steps = runs.steps() if steps is None else steps
    fragments = runs.fragments() if fragments is None else fragments
    record = runs.run(**run)
    return render_report(
        ReportInputs(
            collect_metrics(fragments, record),
            collect_run(steps, fragments, record),
            fragments,
            files or StepFiles(),
        )
    )


@cache
def complete() -> str:
    return render()


@cache
def rejected() -> str:
    fragments = {k: v for k, v in runs.fragments().items() if k.endswith("ExampleGen")}
    gate = runs.gate("data.reject_fraction", False, "13 % were rejected: check rejects/")
    return render(
        runs.steps("DataGate", "rejected"), fragments, exit_code=3, error="x", gates=[gate]
    )


@cache
def failed() -> str:
    fragments = {k: v for k, v in runs.fragments().items() if k.endswith("ExampleGen")}
    steps = runs.steps("TwoTowerTrainer", "OOM: out of memory")
    return render(steps, fragments, exit_code=1, error="OOM: out of memory")


RUNS = [complete, rejected, failed]


def sections(html: str) -> dict[str, str]:
    """Returns the HTML of each section by its heading."""
    parts = re.split(r'<h2 id="[a-z]+" tabindex="-1">', html)[1:]
    return {part[: part.index("</h2>")]: part for part in parts}


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


def specifications(html: str) -> dict[str, dict[str, Any]]:
    (text,) = re.findall(r'id="specifications">(.*?)</script>', html, re.DOTALL)
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


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


def test_every_validation_metric_is_in_the_table_of_the_training() -> None:
    fragments = runs.fragments()
    names = [f"recall@{k}" for k in range(1, MAX_LINES + 3)]
    fragments["TwoTowerTrainer"]["history"] = [
        {"epoch": epoch, "loss": 1.0, **{f"val_{name}": 0.1 for name in names}} for epoch in (1, 2)
    ]
    training = sections(render(fragments=fragments))["Training"]
    table = training.partition("chart-training-metrics")[2]
    assert re.findall('<th scope="col"[^>]*>(recall@.*?)</th>', table) == names


def test_splits_are_in_order_of_time() -> None:
    data = sections(complete())["Data"]
    offsets = [data.index(f'<th scope="row">{split}</th>') for split in ("train", "eval", "test")]
    assert offsets == sorted(offsets)
    spec = specifications(complete())["events-over-time"]
    bars = [row for rows in spec["datasets"].values() for row in rows]
    # The bars of the second day are stacked: 4 of train, 3 of eval, 2 of test.
    assert [(b["group"], b["low"], b["high"]) for b in bars] == [
        ("train", 0, 12),
        ("train", 0, 4),
        ("eval", 4, 7),
        ("test", 7, 9),
    ]


def test_where_the_model_loses_is_a_sentence_and_a_cell() -> None:
    fragments = runs.fragments()
    confidence = fragments["RetrievalEvaluator"]["confidence"]
    confidence["model_minus_markov"]["mrr"] = [-0.02, -0.01]
    confidence["model_minus_popularity"]["mrr"] = [-0.01, 0.01]
    quality = sections(render(fragments=fragments))["Quality"]

    assert "The model is worse in mrr (markov)." in quality
    assert "The test targets do not decide in mrr (popularity)." in quality
    better = "The model is better in recall@1 (all); recall@10 (all); recall@100 (all)"
    assert better in quality
    (row,) = re.findall(r'<tr><th scope="row">markov</th>(<td class="outcome.*?)</tr>', quality)
    assert re.findall(r'class="outcome (\w+)"', row) == [*["better"] * 4, "worse"]


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


def test_changes_are_those_of_metrics_sizes_and_settings() -> None:
    changes = sections(complete())["Changes since what serves"]

    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', changes)
    cells = {name: re.findall(r"<td[^>]*>(.*?)</td>", row) for name, row in rows}
    assert cells["recall@10"] == ["0.1874", "–", "–", "0.1717"]
    assert cells["items"] == ["1,600", "2,000", "+25.0%"]
    assert cells["training targets"] == ["–", "120,544", "–"]
    assert cells["model.dim"] == ["32", "64"]
    assert "name" not in cells  # equal in both configurations


def test_before_the_first_push_there_is_nothing_to_compare_with() -> None:
    fragments = {**runs.fragments(), "CurrentModel": {"serving": None}}
    changes = sections(render(fragments=fragments))["Changes since what serves"]
    assert "Nothing served when the run began" in changes


def test_an_example_of_each_reject_reason_is_shown() -> None:
    example = RejectExample("interactions", "bad_value", "log.csv, line 7", "not a time", "u,i,x")
    files = StepFiles(reject_examples=[example])
    rejects = sections(render(files=files))["Rejected records"]
    for text in ("log.csv, line 7: not a time", "<pre>u,i,x</pre>", "bad value"):
        assert text in rejects


def test_a_gate_may_have_a_verdict() -> None:
    verdicts = ("not_worse", "undecided", "worse")
    written = [
        {**runs.gate(f"model.{verdict}", verdict != "worse"), "verdict": verdict}
        for verdict in verdicts
    ]
    fragments = {"DataGate": {"component": "DataGate", "gates": written}}
    gates = sections(render(fragments=fragments))["Gates"]
    tags = ["worse", "undecided", "not worse"]
    assert re.findall(r'<span class="tag">([a-z ]+)</span>', gates) == tags
    assert re.findall(r'<p><span class="(\w+)"', gates) == ["fail", "warn", "pass"]


def test_later_negative_feedback_is_shown() -> None:
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
    fragments["RetrievalEvaluator"]["later_negatives"] = section
    html = sections(render(fragments=fragments))["Diagnosis"]

    for text in ("6,444 queries of 60 users", "0.0123", "0.0062–0.0185", "item knn", "0.2468"):
        assert text in html


# Python's text of a mapping, a list, a missing value, a truth value or an array.
PYTHON_TEXT = re.compile(
    r"[{(\[]['\"\[{]|[{\[][^\[{]*[}\]]|\bNone\b|\bTrue\b|\bFalse\b|array\(|\bnan\b"
)


def texts(html: str) -> list[str]:
    """Returns the texts of a page, except the configuration, which is JSON."""
    shown = re.sub(r"<(style|pre|script)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    return [text.strip() for text in unescape(re.sub(r"<[^>]+>", "\n", shown)).split("\n")]


@pytest.mark.parametrize("page", RUNS)
def test_no_text_of_the_page_is_python(page: Callable[[], str]) -> None:
    assert [text for text in texts(page()) if PYTHON_TEXT.search(text)] == []


def test_the_parity_of_the_index_is_a_table_of_signatures() -> None:
    html = complete()
    assert "<summary>parity signatures</summary>" in html
    cells = ("candidate_embedding", "–", "2.5e-07", "128")
    assert "<tr>" + "".join(f'<td class="num">{cell}</td>' for cell in cells) + "</tr>" in html
    assert "<dt>parity max difference</dt><dd>7.5e-07</dd>" in html
    for text in ("<td>false</td>", "<td>null</td>"):  # values of the recipe
        assert text in html


def test_the_main_measurements_of_the_index_are_shown_and_the_others_are_collapsed() -> None:
    index = sections(complete())["Index"]
    main, _, other = index.partition("<summary>all other values</summary>")
    shown = ["kind", "candidates", "recall@100", "latency p50", "latency p99"]
    assert re.findall("<dt>(.*?)</dt>", main) == [*shown, "memory", "size", "load"]
    collapsed = re.findall("<dt>(.*?)</dt>", other.partition("</details>")[0])
    assert {"plan num leaves", "parity missing"} <= set(collapsed)
    assert not set(collapsed) & set(shown)


words = st.text("abcxyz_", min_size=1, max_size=6)
plain = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | words
values = st.recursive(
    plain, lambda parts: st.lists(parts, max_size=3) | st.dictionaries(words, parts, max_size=3)
)


@given(st.dictionaries(words, values, max_size=4), st.dictionaries(words, values, max_size=3))
@settings(max_examples=10)
def test_values_of_any_shape_are_shown_as_text(
    index: dict[str, Any], details: dict[str, Any]
) -> None:
    evaluation = runs.fragments()["RetrievalEvaluator"]
    kept = {key: evaluation[key] for key in ("component", "test", "confidence", "diagnosis")}
    fragments = {
        "ScannIndexer": {"index": index},
        "RetrievalEvaluator": {
            **kept,
            "protocol": details,
            "protocols": {},
            "baselines": {"markov": details},
            "gates": [],
        },
    }
    html = render(fragments=fragments)
    assert [text for text in texts(html) if PYTHON_TEXT.search(text)] == []


def test_warnings_of_the_ingestion_are_shown() -> None:
    fragments = runs.fragments()
    fragments["InteractionExampleGen"]["warnings"] = ["split: eval has 1 of the 48 events"]
    fragments["CatalogueExampleGen"]["warnings"] = ["items.features.title: set html: strip"]
    html = render(fragments=fragments)
    assert "<strong>Warning:</strong> split: eval has 1 of the 48 events" in html
    assert "<strong>Warning:</strong> items.features.title: set html: strip" in html


def test_baselines_are_listed_below_the_model_from_best_to_worst() -> None:
    html = sections(complete())["Quality"].partition("<h3>Metrics</h3>")[2]
    names = ["this model", "markov", "item knn", "recent popularity", "popularity"]
    offsets = [html.index(f'<th scope="row">{name}</th>') for name in names]
    assert offsets == sorted(offsets)


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
        ("Index", "ScannIndexer"),
    ):
        assert f"{step} did not run, because DataGate failed." in parts[title]
    assert 'class="missing"' not in parts["Data"]
    assert "EventsStatistics has written no result" in parts["Features"]

    parts = sections(failed())
    assert "Failed in TwoTowerTrainer: nothing was pushed" in failed()
    assert "TwoTowerTrainer failed, so it has no result: OOM: out of memory" in parts["Training"]
    assert failed().count(">skipped<") == 3  # evaluator, indexer, pusher
    assert "The run ended before its first gate." in parts["Gates"]


def test_a_run_without_steps_has_a_page() -> None:
    html = render([], {}, exit_code=2, error="no file matches", paths=None, config=None)
    assert "no file matches" in html
    assert "The run ended before its first step" in sections(html)["Data"]
    assert "<script" not in html  # no chart


def test_hostile_text_is_escaped_everywhere() -> None:
    fragments = runs.fragments()
    evaluation = fragments["RetrievalEvaluator"]
    evaluation["test"]["baselines"][HOSTILE] = runs.ranking(0.09)
    evaluation["confidence"][f"model_minus_{HOSTILE}"] = runs.around(runs.ranking(0.09))
    evaluation["protocols"][HOSTILE] = evaluation["protocols"]["all_future"]
    evaluation["baselines"][HOSTILE] = {HOSTILE: HOSTILE}
    slices = evaluation["slices"]["past_events"]
    evaluation["slices"][HOSTILE] = {HOSTILE: slices["10+"]}
    items = evaluation["illustrations"]["items"]
    items["title"] = items["category"] = [HOSTILE] * 4
    items["category_feature"] = HOSTILE
    fragments["TwoTowerTrainer"]["history"] = [
        {"epoch": epoch, "loss": 1.0, f"val_{HOSTILE}": 0.1} for epoch in (1, 2)
    ]
    choice = {"key": HOSTILE, "value": HOSTILE, "reason": HOSTILE}
    fragments["TwoTowerTrainer"]["recipe"] = [choice]
    fragments["InteractionExampleGen"]["rejects"][HOSTILE] = 3
    fragments["CurrentModel"]["serving"]["provenance"]["run"]["config"] = {HOSTILE: HOSTILE}
    evaluation["gates"] = [{**runs.gate(HOSTILE, False, HOSTILE), "verdict": HOSTILE}]
    html = render(
        fragments=fragments,
        files=StepFiles([RejectExample("items", *[HOSTILE] * 4)]),
        name=HOSTILE,
        config={"name": HOSTILE},
        config_path=HOSTILE,
        paths={HOSTILE: HOSTILE},
        error=HOSTILE,
    )
    parsed = Page(html)
    assert parsed.tags.count("script") == 2
    assert html.count("</title>") == 1
    assert "<!--" not in html.partition('<script type="module">')[0]
    rows = next(iter(specifications(html)["item-map"]["datasets"].values()))
    assert rows[0]["title"] == HOSTILE


@given(st.text())
def test_json_in_a_script_is_read_back_and_cannot_end_the_script(text: str) -> None:
    embedded = str(script_json({"title": text}))
    assert json.loads(embedded) == {"title": text}
    assert not set("<>&\u2028\u2029") & set(embedded)
