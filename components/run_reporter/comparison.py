"""The model's test metrics beside those of the baselines and of what serves now."""

import re
from dataclasses import dataclass
from typing import Any

from components.run_reporter.formatting import label, natural_key

# What the short tables show, of what the evaluation holds; all of it is in metrics.json.
_HEADLINES = ("recall@10", "recall@100", "ndcg@10", "mrr")
_MODEL = "this model"
_RECALL = re.compile(r"recall@([0-9]+)")

Interval = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """One ranking method.

    Attributes:
      name: As a person reads it.
      is_model: Whether it is the model of this run.
      metrics: By name.
      intervals: By metric, where computed, 95 % confidence bounds: for the model of its value,
        for another method of the model's lead over it, user by user.
    """

    name: str
    is_model: bool
    metrics: dict[str, float]
    intervals: dict[str, Interval]

    @property
    def recall_curve(self) -> list[tuple[int, float]]:
        """(K, recall@K), by K."""
        found = ((_RECALL.fullmatch(name), value) for name, value in self.metrics.items())
        return sorted((int(match[1]), value) for match, value in found if match)


def comparison_rows(metrics: dict[str, Any]) -> list[Row]:
    """The model, what serves now, and the baselines from best to worst; none if not evaluated.

    Args:
      metrics: The content of `metrics.json`.
    """
    test = metrics["test"]
    if test is None:
        return []
    confidence = metrics["confidence"] or {}
    rows = [_row(_MODEL, test["model"], confidence.get("model"))]
    if test.get("current"):
        rows.append(_row("serving now", test["current"], confidence.get("model_minus_current")))
    baselines = [
        _row(label(name), values, confidence.get(f"model_minus_{name}"))
        for name, values in (test.get("baselines") or {}).items()
    ]
    headline = headline_metrics(rows)[0]
    return rows + sorted(baselines, key=lambda row: -row.metrics.get(headline, 0.0))


def headline_metrics(rows: list[Row]) -> list[str]:
    """The metrics that a short table shows; where none of the usual is there, the first four."""
    names = metric_names(rows)
    return [name for name in _HEADLINES if name in names] or names[:4]


def metric_names(rows: list[Row]) -> list[str]:
    """Every metric of the model, in natural order."""
    return sorted(rows[0].metrics, key=natural_key)


def _row(name: str, metrics: dict[str, float], bounds: dict[str, Any] | None) -> Row:
    intervals = {metric: (low, high) for metric, (low, high) in (bounds or {}).items()}
    return Row(name, name == _MODEL, metrics, intervals)
