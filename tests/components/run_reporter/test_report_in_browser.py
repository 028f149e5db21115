"""The page in a browser: no request, no error, every chart, on a desktop, a phone and paper."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from tests.chromium import DESKTOP, PHONE, needs_chromium, open_page
from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import TITLES, complete, failed, rejected, render

pytestmark = needs_chromium
DRAWN = "html[data-charts=drawn]"
MAX_LOAD_MS = 15_000


@pytest.mark.parametrize(
    ("page", "size", "colour_scheme"),
    [
        (complete, DESKTOP, "light"),
        (complete, PHONE, "dark"),
        (rejected, DESKTOP, "dark"),
        (failed, PHONE, "light"),
    ],
    ids=["complete-desktop", "complete-phone", "rejected", "failed"],
)
def test_the_page_opens_offline_without_an_error(
    page: Callable[[], str],
    size: tuple[int, int],
    colour_scheme: Literal["light", "dark"],
    tmp_path: Path,
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(), "utf-8")

    with open_page(file.as_uri(), size=size, colour_scheme=colour_scheme, offline=True) as (
        shown,
        log,
    ):
        shown.wait_for_selector(DRAWN)
        load_ms = shown.evaluate("performance.now()")
        # `pytest -s` shows it.
        print(f"{file.stat().st_size / 1e6:.2f} MB, drawn after {load_ms / 1000:.1f} s")
        assert load_ms < MAX_LOAD_MS
        assert shown.locator("main > section > h2").all_inner_texts() == TITLES
        assert shown.locator(".chart svg").count() == shown.locator(".chart").count() > 0
        # Nothing is wider than the window; wide tables scroll by themselves.
        assert shown.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert not shown.locator(".chart svg").evaluate_all(
            "charts => charts.filter(c => c.getBoundingClientRect().right > innerWidth + 1).length"
        )
        background = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        channels = [int(channel) for channel in background[4:-1].split(",")]
        assert (max(channels) < 64) == (colour_scheme == "dark")

    assert log.problems == []
    assert log.requests == [file.as_uri()]


def test_the_keyboard_reaches_the_text_the_contents_and_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(complete(), "utf-8")
    with open_page(file.as_uri(), offline=True) as (page, _):
        page.wait_for_selector(DRAWN)
        focused = "document.activeElement"
        page.keyboard.press("Tab")
        assert page.evaluate(f"{focused}.textContent") == "Skip to the report"
        assert page.evaluate(f"{focused}.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        assert page.evaluate(f"{focused}.id") == "main"
        page.keyboard.press("Tab")
        assert page.evaluate(f"{focused}.getAttribute('href')") == "#data"
        page.keyboard.press("Enter")
        assert page.evaluate(f"{focused}.id") == "data"

        figure = page.locator("figure", has=page.locator("#chart-training-loss"))
        summary = figure.locator("summary")
        summary.focus()
        page.keyboard.press("Enter")
        assert figure.locator("table").is_visible()
        levels = page.locator("h1, h2, h3, h4").evaluate_all(
            "headings => headings.map(h => Number(h.tagName[1]))"
        )
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_titles_appear_on_hover_as_text(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    fragments = runs.fragments()
    fragments["RetrievalEvaluator"]["illustrations"]["items"]["title"] = ["<b>Alpha</b>"] * 4
    file.write_text(render(fragments=fragments), "utf-8")
    with open_page(file.as_uri(), offline=True) as (page, log):
        page.wait_for_selector(DRAWN)
        page.locator("#chart-item-map .mark-symbol path").first.hover()
        tooltip = page.locator("#vg-tooltip-element")
        tooltip.wait_for(state="visible")
        assert "<b>Alpha</b>" in tooltip.inner_text()
        assert page.evaluate("document.querySelector('#vg-tooltip-element b')") is None
    assert log.problems == []


def test_the_page_prints_with_its_charts(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(complete(), "utf-8")
    with open_page(file.as_uri(), colour_scheme="dark", offline=True) as (page, log):
        page.wait_for_selector(DRAWN)
        page.emulate_media(media="print")
        # Paper is white, whatever the screen prefers.
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        assert page.locator(".chart svg").first.is_visible()
        assert len(page.pdf(format="A4")) > 10_000
    assert log.problems == []
