"""Compares the test metrics of the model, the currently served model and the baselines."""

import re
from dataclasses import dataclass
from typing import Any

from components.run_reporter.formatting import label, natural_key

# The metrics of the short tables; metrics.json contains all of them.
_HEADLINES = ("recall@10", "recall@100", "ndcg@10", "mrr")
_MODEL = "this model"
_RECALL = re.compile(r"recall@([0-9]+)")

Interval = tuple[float, float]


@dataclass(frozen=True)
class ComparisonRow:
    """The test metrics of one ranking method.

    Attributes:
      name: The method's name for display.
      is_model: Whether the method is the model of this run.
      metrics: Metric values by name.
      intervals: Bounds of the 95 % confidence intervals by metric, if computed: for the model, of
        the metric; for another method, of the paired difference (model minus method).
    """

    name: str
    is_model: bool
    metrics: dict[str, float]
    intervals: dict[str, Interval]

    @property
    def recall_curve(self) -> list[tuple[int, float]]:
        """The pairs (K, recall@K) in ascending order of K."""
        matches = ((_RECALL.fullmatch(name), value) for name, value in self.metrics.items())
        return sorted((int(match[1]), value) for match, value in matches if match)


def comparison_rows(metrics: dict[str, Any]) -> list[ComparisonRow]:
    """Returns the rows of the comparison table.

    Args:
      metrics: The content of `metrics.json`.

    Returns:
      The model, the currently served model if there is one, and the baselines from best to worst;
      an empty list if the run has no evaluation.
    """
    test = metrics["test"]
    if test is None:
        return []
    confidence = metrics["confidence"] or {}
    rows = [_row(_MODEL, test["model"], confidence.get("model"))]
    if test.get("current"):
        bounds = confidence.get("model_minus_current")
        rows.append(_row("currently served", test["current"], bounds))
    baselines = [
        _row(label(name), values, confidence.get(f"model_minus_{name}"))
        for name, values in (test.get("baselines") or {}).items()
    ]
    headline = headline_metrics(rows)[0]
    return rows + sorted(baselines, key=lambda row: -row.metrics.get(headline, 0.0))


def headline_metrics(rows: list[ComparisonRow]) -> list[str]:
    """Returns the metrics of a short table: the headline metrics, or else the first four."""
    names = metric_names(rows)
    return [name for name in _HEADLINES if name in names] or names[:4]


def metric_names(rows: list[ComparisonRow]) -> list[str]:
    """Returns the names of all metrics of the model, in natural order."""
    return sorted(rows[0].metrics, key=natural_key)


def _row(name: str, metrics: dict[str, float], bounds: dict[str, Any] | None) -> ComparisonRow:
    intervals = {metric: (low, high) for metric, (low, high) in (bounds or {}).items()}
    return ComparisonRow(name, name == _MODEL, metrics, intervals)
