"""Formats the details of an evaluation: protocols, baseline settings, slices and diagnosis."""

from typing import Any

from components.run_reporter.comparison import ComparisonRow, comparison_rows
from components.run_reporter.formatting import NOTHING, interval, label, metric, natural_key, number
from schemas.metrics import REPEATS

_PROTOCOL_DESCRIPTIONS = {
    "window": "only the items of the request's own history are excluded",
    "first": "only the first target of each user",
    "last": "only the last target of each user",
    "all_future": "one query per user at the split; all later items are relevant",
}
# Keys of a slice that are not metrics.
_SLICE_KEYS = frozenset({"users", "targets", "small", "interval", "difference", "baselines"})


def protocol_facts(protocol: dict[str, Any] | None) -> str:
    """Formats a protocol as one line: "Protocol: name successive, split test, …"."""
    facts = ", ".join(f"{label(key)} {number(value)}" for key, value in (protocol or {}).items())
    return f"Protocol: {facts}." if facts else ""


def other_protocols(
    protocols: dict[str, Any] | None, headlines: list[str]
) -> dict[str, dict[str, Any]]:
    """Returns the rows, shown metrics, description and facts of each protocol, by name.

    Args:
      protocols: `protocols` of `metrics.json`: the results of the protocols other than the
        headline protocol.
      headlines: The metrics of short tables.
    """
    return {
        name: {
            "rows": (rows := comparison_rows(results)),
            "metrics": _shown_metrics(rows, headlines),
            "description": _PROTOCOL_DESCRIPTIONS.get(name, ""),
            "facts": protocol_facts(results["protocol"]),
        }
        for name, results in (protocols or {}).items()
    }


def _shown_metrics(rows: list[ComparisonRow], headlines: list[str]) -> list[str]:
    """Returns the headline metrics, and REPEATS if the protocol has it."""
    return [*headlines, *(name for name in (REPEATS,) if name in rows[0].metrics)]


def baseline_settings(baselines: dict[str, Any] | None) -> dict[str, str]:
    """Formats the settings of each baseline that has settings or was left out."""
    return {
        name: ", ".join(f"{label(key)} {number(value)}" for key, value in settings.items())
        for name, settings in (baselines or {}).items()
        if settings
    }


def sorted_slices(slices: dict[str, Any] | None) -> dict[str, dict[str, dict[str, Any]]]:
    """Returns the results by dimension and slice, with slices in natural order."""
    return {
        dimension: dict(sorted(by_slice.items(), key=lambda entry: natural_key(entry[0])))
        for dimension, by_slice in (slices or {}).items()
    }


def slice_metrics(by_slice: dict[str, dict[str, Any]], headlines: list[str]) -> list[str]:
    """Returns the names of the metrics of a dimension's slices, headline metrics first."""
    names = {name for results in by_slice.values() for name in results} - _SLICE_KEYS
    first = [name for name in headlines if name in names]
    return first + sorted(names.difference(first), key=natural_key)


def baseline_metric(by_slice: dict[str, dict[str, Any]]) -> str:
    """Returns the metric that slices have for baselines too: the one with intervals."""
    names = [name for results in by_slice.values() for name in results.get("interval") or {}]
    return names[0] if names else ""


def best_baseline(slice_results: dict[str, Any]) -> str:
    """Formats the value and the name of the best baseline on a slice: "0.1234 markov"."""
    values = {
        name: value
        for name, value in slice_results.get("baselines", {}).items()
        if value is not None
    }
    if not values:
        return NOTHING
    best = max(values, key=lambda name: values[name])
    return f"{metric(values[best])} {label(best)}"


def slice_differences(slice_results: dict[str, Any]) -> str:
    """Formats the interval of the difference from one baseline; "–" without an interval."""
    bounds = list((slice_results.get("difference") or {}).values())
    return interval(bounds[0], signed=True) if bounds else NOTHING


def interval_facts(intervals: dict[str, Any] | None) -> str:
    r"""Formats the level of the intervals of all slices as sentences; "" without slices.

    >>> facts = {"intervals": 50, "level": 0.95, "level_of_each": 0.999, "min_users": 60}
    >>> print(interval_facts(facts).replace(". ", ".\n"))
    Slices with at least 60 users have intervals.
    There are 50 of them, each of 99.90 %, so that together they have a level of 95 %.
    """
    if not intervals:
        return ""
    facts = f"Slices with at least {intervals['min_users']} users have intervals."
    if not intervals["intervals"]:
        return facts
    return (
        f"{facts} There are {number(intervals['intervals'])} of them, each of "
        f"{100 * intervals['level_of_each']:.2f} %, so that together they have a level of "
        f"{100 * intervals['level']:.0f} %."
    )


def diagnosis_facts(diagnosis: dict[str, Any] | None) -> dict[str, Any] | None:
    """Formats the diagnosis of an evaluation.

    Returns:
      "facts", a list of pairs of label and text, and "consumption", the heads and rows of a table;
      None if there is no diagnosis.
    """
    if not diagnosis:
        return None
    return {
        "facts": [
            *_parity_facts(diagnosis["parity"]),
            *_embedding_facts(diagnosis["embeddings"]),
        ],
        "consumption": _consumption_table(diagnosis["consumption"]),
    }


def _parity_facts(parity: dict[str, Any]) -> list[tuple[str, str]]:
    if "left_out" in parity:
        return [("train/serve parity", parity["left_out"])]
    facts = [
        (
            "largest relative train/serve difference",
            f"{parity['max_difference']:.1e}",
        ),
        ("allowed train/serve difference", f"{parity['tolerance']:g}"),
    ]
    if parity["equal_lists"] is not None:
        facts.append(("lists with the same items", f"{parity['equal_lists']:.1%}"))
    return facts


def _embedding_facts(embeddings: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [("embedding dimensions", number(embeddings["dim"]))]
    for tower in ("query", "candidate"):
        statistics = embeddings[tower]
        norms = " · ".join(number(value) for value in statistics["norm"].values())
        percentiles = ", ".join(key[1:] for key in statistics["norm"])
        facts += [
            (f"{tower} norms (percentiles {percentiles})", norms),
            (f"{tower} collapsed dimensions", number(statistics["collapsed_dimensions"])),
            (f"{tower} effective rank", number(statistics["effective_rank"])),
        ]
    hubness = embeddings["hubness"]
    return [
        *facts,
        ("skewness of recommendations per item", number(hubness["skewness"])),
        ("share of the 1 % most recommended items", f"{hubness['top_percent_share']:.1%}"),
    ]


def _consumption_table(consumption: dict[str, dict[str, float]]) -> dict[str, Any]:
    heads = list(next(iter(consumption.values())))
    return {
        "heads": [label(head) for head in heads],
        "rows": {name: [shares[head] for head in heads] for name, shares in consumption.items()},
    }
