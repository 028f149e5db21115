"""The differences from the version that was served when the run began."""

from typing import Any

from components.nested_changes import changes
from components.run_reporter.formatting import (
    NOTHING,
    instant,
    interval,
    label,
    metric,
    natural_key,
    number,
    setting,
)
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from components.run_reporter.table import Table
from schemas.steps import CURRENT_MODEL, EVALUATOR

_READING = (
    "The model of this run, compared with the version that was served when the run began. This run "
    "measured both models on the same targets, so the columns of these metrics are comparable. The "
    "last column has the metrics of the served model at its push, on the test split of that run."
)
_METRICS = ("recall@1", "recall@10", "recall@100", "ndcg@10", "mrr", "coverage@10")


def changes_section(inputs: ReportInputs) -> Section:
    """Returns the section on the changes since what serves."""
    section = Section("changes", "Changes since what serves", _READING, "changes.html.j2")
    fragment = inputs.fragments.get(CURRENT_MODEL)
    if fragment is None:
        return section.without_content(why_missing(inputs, CURRENT_MODEL))
    serving = fragment["serving"]
    if serving is None:
        return section.without_content(
            "Nothing served when the run began: this is the first version."
        )
    provenance = serving.get("provenance") or {}
    run = provenance.get("run") or {}
    section.values.update(
        facts=[
            ("version", serving["version"]),
            ("pushed at", instant(serving.get("pushed_at"))),
            ("library versions", serving.get("version_set") or NOTHING),
            ("code", (provenance.get("code") or {}).get("commit") or NOTHING),
            ("configuration", run.get("config_hash") or NOTHING),
        ],
        metrics=_metrics(inputs.metrics, serving.get("metrics") or {}),
        sizes=_sizes(serving.get("sizes") or {}, _own_sizes(inputs)),
        settings=_settings(run.get("config"), inputs.run["config"]),
    )
    return section


def _metrics(metrics: dict[str, Any], at_push: dict[str, float]) -> Table:
    """Returns the metrics of the model of this run and of the served one."""
    test = metrics["test"] or {}
    model, current = test.get("model") or {}, test.get("current") or {}
    bounds = (metrics["confidence"] or {}).get("model_minus_current") or {}
    names = [name for name in _METRICS if name in model or name in at_push]
    return Table(
        [
            "metric",
            "this model",
            "served model",
            "difference, 95 % interval",
            "served model at its push",
        ],
        [
            [
                name,
                metric(model.get(name)),
                metric(current.get(name)),
                interval(bounds.get(name), signed=True) or NOTHING,
                metric(at_push.get(name)),
            ]
            for name in names or sorted({*model, *at_push}, key=natural_key)
        ],
    )


def _own_sizes(inputs: ReportInputs) -> dict[str, int]:
    sizes = inputs.fragments.get(EVALUATOR, {}).get("sizes") or {}
    catalogue = inputs.run["ingestion"]["catalogue"] or {}
    counts = {"items": catalogue.get("items"), "listed_items": catalogue.get("kept")}
    return {**{name: count for name, count in counts.items() if count}, **sizes}


def _sizes(served: dict[str, int], own: dict[str, int]) -> Table:
    """Returns the sizes of catalogue and training data, of the served version and of this run."""
    return Table(
        ["", "served model", "this run", "change"],
        [
            [
                label(name),
                number(served.get(name)),
                number(own.get(name)),
                _change(served, own, name),
            ]
            for name in dict.fromkeys((*own, *served))
        ],
    )


def _change(served: dict[str, int], own: dict[str, int], name: str) -> str:
    if not served.get(name) or name not in own:
        return NOTHING
    return f"{own[name] / served[name] - 1:+.1%}"


def _settings(served: dict[str, Any] | None, own: dict[str, Any] | None) -> Table | None:
    """Returns the keys whose values differ; None if a configuration is unknown."""
    if served is None or own is None:
        return None
    return Table(
        ["key", "served model", "this run"],
        [
            [change.key, setting(change.a), setting(change.b)]
            for change in sorted(changes(served, own), key=lambda change: change.key)
        ],
    )
