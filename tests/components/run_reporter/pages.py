"""Pages of complete, rejected and failed runs, and their parts."""

import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

from components.run_reporter.collect import collect_metrics, collect_run
from components.run_reporter.read_files import StepFiles
from components.run_reporter.report import render_report
from components.run_reporter.sections.section import ReportInputs
from tests.components.run_reporter import runs

TITLES = [
    "Data",
    "Rejected records",
    "Features",
    "Recipe",
    "Training",
    "Quality",
    "Slices",
    "Diagnosis",
    "Refit",
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
VOID = {"meta", "br", "link", "img", "hr", "input"}


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


def sections(html: str) -> dict[str, str]:
    """Returns the HTML of each section by its heading."""
    parts = re.split(r'<h2 id="[a-z]+" tabindex="-1">', html)[1:]
    return {part[: part.index("</h2>")]: part for part in parts}


def specifications(html: str) -> dict[str, dict[str, Any]]:
    (text,) = re.findall(r'id="specifications">(.*?)</script>', html, re.DOTALL)
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found
