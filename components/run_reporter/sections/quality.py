"""The model against the baselines and the served model, with intervals: where it wins and loses."""

from components.run_reporter.charts.figure import Figure
from components.run_reporter.charts.intervals import Difference, difference_plot
from components.run_reporter.charts.lines import Series, line_chart
from components.run_reporter.comparison import (
    ComparisonRow,
    comparison_rows,
    headline_metrics,
    metric_names,
)
from components.run_reporter.evaluation_details import (
    baseline_settings,
    other_protocols,
    protocol_facts,
)
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.steps import EVALUATOR

_READING = (
    "The model and the baselines rank the whole catalogue for the same requests of the test split. "
    "First where the model is better, undecided or worse: undecided means that the 95 % interval "
    "of the difference contains 0, or that there are fewer than 30 users, so that the test targets "
    "do not decide. Each interval has a level of 95 % by itself: of twenty, about one does not "
    "contain its value."
)
# Metrics of the matrix, if they are measured; the first place and the whole list may differ.
_COMPARED = ("recall@1", "recall@10", "recall@100", "ndcg@10", "mrr")


def quality_section(inputs: ReportInputs) -> Section:
    """Returns the section on the metrics of the test split."""
    metrics = inputs.metrics
    rows = comparison_rows(metrics)
    if not rows:
        missing = why_missing(inputs, EVALUATOR)
        return Section("quality", "Quality", "", "quality.html.j2", missing=missing)
    headlines = headline_metrics(rows)
    compared = [name for name in _COMPARED if name in rows[0].metrics] or headlines
    # Without a number of users, nothing is decided.
    users = (metrics["protocol"] or {}).get("users", 0)
    differences = {name: _differences(rows, name, users) for name in compared}
    return Section(
        "quality",
        "Quality",
        _READING,
        "quality.html.j2",
        {
            "rows": rows,
            "headlines": headlines,
            "metric_names": metric_names(rows),
            "protocol_facts": protocol_facts(metrics["protocol"]),
            "protocols": other_protocols(metrics["protocols"], headlines),
            "baseline_settings": baseline_settings(metrics["baselines"]),
            "compared": compared,
            "outcomes": _outcomes(rows[1:], differences),
            "sentences": _sentences(differences),
            "figures": _figures(rows, differences),
        },
    )


def _differences(rows: list[ComparisonRow], name: str, users: int) -> list[Difference]:
    """Returns the difference of the model from each method, for those with an interval."""
    model = rows[0]
    return [
        Difference(row.name, model.metrics[name] - row.metrics[name], row.intervals[name], users)
        for row in rows[1:]
        if name in row.metrics and name in row.intervals
    ]


def _outcomes(
    others: list[ComparisonRow], differences: dict[str, list[Difference]]
) -> list[tuple[str, list[Difference | None]]]:
    """Returns the rows of the matrix: a method, and its difference in each compared metric."""
    by_name = {
        metric: {difference.name: difference for difference in found}
        for metric, found in differences.items()
    }
    return [
        (row.name, cells)
        for row in others
        if any(cells := [by_name[metric].get(row.name) for metric in differences])
    ]


def _sentences(differences: dict[str, list[Difference]]) -> list[tuple[str, str]]:
    """Returns pairs of outcome and sentence, what the model loses first."""
    found: dict[str, list[str]] = {"worse": [], "undecided": [], "better": []}
    for outcome, parts in found.items():
        for metric, measured in differences.items():
            names = [row.name for row in measured if row.outcome == outcome]
            if names:
                parts.append(f"{metric} ({_others(names, [row.name for row in measured])})")
    texts = {
        "worse": "The model is worse in",
        "undecided": "The test targets do not decide in",
        "better": "The model is better in",
    }
    return [
        (outcome, f"{texts[outcome]} {'; '.join(parts)}.")
        for outcome, parts in found.items()
        if parts
    ]


def _others(names: list[str], every: list[str]) -> str:
    """Formats some of the methods.

    >>> methods = ["popularity", "markov", "ease", "item knn"]
    >>> _others(methods, methods), _others(methods[:3], methods), _others(methods[:1], methods)
    ('all', 'all but item knn', 'popularity')
    """
    if len(names) == len(every) > 1:
        return "all"
    if len(names) > 2 and len(names) == len(every) - 1:
        return f"all but {next(name for name in every if name not in names)}"
    return ", ".join(names)


def _figures(
    rows: list[ComparisonRow], differences: dict[str, list[Difference]]
) -> dict[str, list[Figure]]:
    curves = [Series(row.name, row.recall_curve) for row in rows if len(row.recall_curve) > 1]
    recall = []
    if curves:
        recall.append(
            line_chart(
                "recall-at-k",
                "Recall@K on the test split",
                ("K", "recall@K"),
                curves,
                log=(True, False),
                from_zero=True,
            )
        )
    return {
        "differences": [
            difference_plot(
                f"difference-{index}",
                f"Difference of {metric}: this model minus another method",
                f"{metric}: model minus method",
                found,
            )
            for index, (metric, found) in enumerate(differences.items())
            if found
        ],
        "recall": recall,
    }
