"""The section on data: splits in order of time, and the warnings of the ingestion."""

from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import complete, render, sections, specifications


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


def test_warnings_of_the_ingestion_are_shown() -> None:
    fragments = runs.fragments()
    fragments["InteractionExampleGen"]["warnings"] = ["split: eval has 1 of the 48 events"]
    fragments["CatalogueExampleGen"]["warnings"] = ["items.features.title: set html: strip"]
    html = render(fragments=fragments)
    assert "<strong>Warning:</strong> split: eval has 1 of the 48 events" in html
    assert "<strong>Warning:</strong> items.features.title: set html: strip" in html
