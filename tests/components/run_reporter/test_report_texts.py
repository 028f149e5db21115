"""The texts of the page are escaped, and none is the text of a Python object."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.run_reporter.read_files import RejectExample, StepFiles
from components.run_reporter.report import script_json
from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import RUNS, Page, render, specifications

HOSTILE = "</title></script><script>alert('x')</script><!--\"'&"
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
