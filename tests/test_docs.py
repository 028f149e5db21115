"""The documentation against the code: reasons, keys of the configuration, commands, and links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from components.gate import Verdict
from pipeline.cli import app
from pipeline.config import load_settings
from schemas.errors import InputError
from schemas.events import RejectReason
from schemas.metrics import (
    BASELINES,
    COVERAGE,
    DIVERSITY,
    GINI,
    POPULARITY_PERCENTILE,
    PROTOCOLS,
    REPEATS,
    accuracy_names,
)

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
INGESTION = ROOT / "docs" / "ingestion.md"
EVALUATION = ROOT / "docs" / "evaluation.md"

# What a fragment leaves out.
SOURCE = {"path": "records.csv", "format": "csv"}
FIELDS = {"user_id": "user", "item_id": "item", "timestamp": "time"}
MINIMAL = {
    "name": "minimal",
    "output": "runs/minimal",
    "interactions": {**SOURCE, "fields": {**FIELDS, "event_type": "type", "value": "amount"}},
    "items": {**SOURCE, "fields": {"item_id": "item"}},
}

_YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")
_FIRST_CELL = re.compile(r"^\| `([\w@]+)` \|", re.MULTILINE)
_REASON_ROW = re.compile(r"^\| `(\w+)` \|.*\| (invalid|excluded) \|$", re.MULTILINE)


def _documents() -> Iterator[Any]:
    for page in PAGES:
        blocks = _YAML_BLOCK.findall(page.read_text("utf-8"))
        documents = (document for block in blocks for document in yaml.safe_load_all(block))
        for number, document in enumerate(documents, 1):
            yield pytest.param(document, id=f"{page.name}-{number}")


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """A whole configuration as it is, a fragment on top of a minimal one."""
    return document if "name" in document else _merged(MINIMAL, document)


def _merged(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    # A query replaces the path.
    merged = {key: value for key, value in base.items() if key != "path" or "query" not in top}
    for key, value in top.items():
        known = merged.get(key)
        is_nested = isinstance(known, dict) and isinstance(value, dict)
        merged[key] = _merged(known or {}, value) if is_nested else value
    return merged


def _load(folder: Path, document: dict[str, Any]) -> None:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(_completed(document)), encoding="utf-8")
    load_settings(str(file))


@pytest.mark.parametrize("document", _documents())
def test_yaml_is_a_configuration(document: dict[str, Any], tmp_path: Path) -> None:
    _load(tmp_path, document)


@pytest.mark.parametrize(
    "fragment",
    [
        {"interactions": {"keep": {"min_user_event": 2}}},
        {"interactions": {"format": "bigquery"}},
        {"split": {"eval_start": "2024-05-01"}},
        {"erase": {"users": ["7"]}},
    ],
)
def test_a_wrong_fragment_is_found(fragment: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        _load(tmp_path, fragment)


def test_pages_show_configurations() -> None:
    pages = {str(parameter.id).rsplit("-", 1)[0] for parameter in _documents()}
    assert {"README.md", "ingestion.md"} <= pages


def test_reasons_are_those_of_the_code() -> None:
    listed = _REASON_ROW.findall(INGESTION.read_text("utf-8"))

    kinds = {True: "invalid", False: "excluded"}
    expected = [(reason.value, kinds[reason.is_invalid]) for reason in RejectReason]
    assert listed == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in _LINK.findall(page.read_text("utf-8")):
        if "://" in path:
            continue
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name}: {path}"
        if anchor:
            assert anchor in _anchors(target), f"{page.name}: {path}#{anchor}"


def test_the_readme_lists_every_command_and_every_page() -> None:
    text = PAGES[0].read_text("utf-8")
    commands: Any = typer.main.get_command(app)
    listed = re.findall(r"^\.venv/bin/twotower ([\w-]+)", text, re.MULTILINE)
    assert set(listed) == set(commands.commands)
    pages = text[text.index("\nDocumentation: ") :]
    assert set(re.findall(r"\((docs/[\w-]+\.md)\)", pages)) == {
        f"docs/{page.name}" for page in PAGES[1:]
    }


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_protocol_metric_and_baseline_is_described_once_and_in_order() -> None:
    metrics = (name.split("@")[0] for name in accuracy_names(()))
    lists = (COVERAGE, GINI, POPULARITY_PERCENTILE, REPEATS, DIVERSITY)
    names = [*PROTOCOLS, *dict.fromkeys(metrics), *(name.split("@")[0] for name in lists)]

    text, gates = EVALUATION.read_text("utf-8").split("\n## Gates\n")

    described = _FIRST_CELL.findall(text)
    assert [name.split("@")[0] for name in described] == [*names, *BASELINES]
    verdicts = re.findall(r"^\| `([a-z ]+)` \|", gates, re.MULTILINE)
    assert verdicts == [verdict.value for verdict in Verdict]
