"""The section on diagnosis."""

from tests.components.run_reporter import runs
from tests.components.run_reporter.pages import render, sections


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
