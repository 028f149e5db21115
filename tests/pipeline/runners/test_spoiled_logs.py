"""Whole runs on spoiled logs: each is refused by the right gate, and the same versions serve.

`tests/spoiled_runs/` spoils more runs, at the level of the steps.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.runners.chain_project import NUM_ITEMS, Project, make_project

pytestmark = pytest.mark.nightly

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("project"))
    done = project.run()
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return project


def shuffled_items(events: Events) -> Events:
    """Exchanges the items of the older nine tenths of the log, and leaves the test split."""
    older = events[: len(events) * 85 // 100]
    items = [event["item"] for event in older]
    random.Random(1).shuffle(items)
    shuffled = [{**event, "item": item} for event, item in zip(older, items, strict=True)]
    return [*shuffled, *events[len(older) :]]


def other_devices(events: Events) -> Events:
    """Replaces the device of every event by one that did not occur before."""
    return [{**event, "device": "tablet"} for event in events]


def poisoned_day(events: Events) -> Events:
    """Adds a day on which a thousand lines of another log were mixed in."""
    poison = [{**event, "item": f"sku-{number}"} for number, event in enumerate(events[1000:2000])]
    return [*events, *poison]


@pytest.mark.parametrize(
    ("spoil", "code", "gate"),
    [
        (shuffled_items, 4, "model.against_served: worse"),
        (other_devices, 3, "data.drift"),
        (poisoned_day, 3, "data.interaction_reject_fraction"),
    ],
)
def test_a_spoiled_log_is_refused(
    project: Project, spoil: Callable[[Events], Events], code: int, gate: str
) -> None:
    before = project.versions(), project.versions("serving_portable")
    clean = project.log.read_text(encoding="utf-8")
    events = [json.loads(line) for line in clean.splitlines()]
    spoiled = spoil(events)
    project.log.write_text("".join(json.dumps(event) + "\n" for event in spoiled))

    done = project.run()

    project.log.write_text(clean, encoding="utf-8")
    assert done.returncode == code, done.stderr[-3000:]
    assert gate in done.stderr
    assert (project.versions(), project.versions("serving_portable")) == before


def test_a_truncated_catalogue_is_refused(project: Project) -> None:
    before = project.versions(), project.versions("serving_portable")
    items = (project.folder / "world" / "items.csv").read_text(encoding="utf-8").splitlines()
    truncated: Path = project.folder / "world" / "truncated.csv"
    truncated.write_text("\n".join(items[: 1 + NUM_ITEMS // 3]) + "\n", encoding="utf-8")

    done = project.run("items.path=world/truncated.csv", "interactions.max_reject_fraction=1")

    assert done.returncode == 3, done.stderr[-3000:]
    assert f"{NUM_ITEMS // 3} items, 0.3333 of the {NUM_ITEMS} items" in done.stderr
    assert (project.versions(), project.versions("serving_portable")) == before
