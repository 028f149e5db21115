"""What an evaluation says beside its headline table, as a person reads it."""

from typing import Any

from components.run_reporter.comparison import comparison_rows
from components.run_reporter.formatting import NOTHING, label, metric, natural_key, number

_MEANINGS = {
    "first": "each user's first target alone",
    "last": "each user's last target alone",
    "all_future": "one query a user at the split, all later items are relevant",
}
_PARTS_OF_A_SLICE = frozenset({"users", "targets", "small", "interval", "baselines"})


def protocol_facts(protocol: dict[str, Any] | None) -> str:
    """A protocol as one line: "Protocol: name successive, split test, …"."""
    facts = ", ".join(f"{label(key)} {number(value)}" for key, value in (protocol or {}).items())
    return f"Protocol: {facts}." if facts else ""


def other_protocols(protocols: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """By name: its `rows` as those of the headline, what it means, and its facts."""
    return {
        name: {
            "rows": comparison_rows(found),
            "meaning": _MEANINGS.get(name, ""),
            "facts": protocol_facts(found["protocol"]),
        }
        for name, found in (protocols or {}).items()
    }


def baseline_settings(baselines: dict[str, Any] | None) -> dict[str, str]:
    """Of each baseline that has settings, or was left out: what they are."""
    return {
        name: ", ".join(f"{label(key)} {number(value)}" for key, value in settings.items())
        for name, settings in (baselines or {}).items()
        if settings
    }


def slices_in_order(slices: dict[str, Any] | None) -> dict[str, dict[str, dict[str, Any]]]:
    """The model's metrics by dimension and part, parts in natural order."""
    return {
        dimension: dict(sorted(parts.items(), key=lambda part: natural_key(part[0])))
        for dimension, parts in (slices or {}).items()
    }


def slice_metrics(parts: dict[str, dict[str, Any]], headlines: list[str]) -> list[str]:
    """The metrics among what is told of each part, the headlines first."""
    names = {name for values in parts.values() for name in values} - _PARTS_OF_A_SLICE
    shown = [name for name in headlines if name in names]
    return shown + sorted(names.difference(shown), key=natural_key)


def told_of_baselines(parts: dict[str, dict[str, Any]]) -> str:
    """The metric that is told of baselines too, which is the one with intervals."""
    names = [name for values in parts.values() for name in values.get("interval") or {}]
    return names[0] if names else ""


def best_baseline(part: dict[str, Any]) -> str:
    """The best baseline on a part of the targets: "0.1234 markov"."""
    known = {name: value for name, value in part.get("baselines", {}).items() if value is not None}
    if not known:
        return NOTHING
    best = max(known, key=lambda name: known[name])
    return f"{metric(known[best])} {label(best)}"


def diagnosis_facts(diagnosis: dict[str, Any] | None) -> dict[str, Any] | None:
    """`facts`, label and text of each, and the `consumption` table; None if not evaluated."""
    if not diagnosis:
        return None
    return {
        "facts": [*_parity(diagnosis["parity"]), *_embeddings(diagnosis["embeddings"])],
        "consumption": _consumption(diagnosis["consumption"]),
    }


def _parity(parity: dict[str, Any]) -> list[tuple[str, str]]:
    if "left_out" in parity:
        return [("train/serve parity", parity["left_out"])]
    facts = [
        (
            "largest relative difference between training and serving",
            f"{parity['max_difference']:.1e}",
        ),
        ("allowed", f"{parity['tolerance']:g}"),
    ]
    if parity["equal_lists"] is not None:
        facts.append(("lists with the same items", f"{parity['equal_lists']:.1%}"))
    return facts


def _embeddings(embeddings: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [("embedding dimensions", number(embeddings["dim"]))]
    for side in ("query", "candidate"):
        space = embeddings[side]
        norms = " · ".join(number(value) for value in space["norm"].values())
        percentiles = ", ".join(key[1:] for key in space["norm"])
        facts += [
            (f"{side} norms (percentiles {percentiles})", norms),
            (f"{side} collapsed dimensions", number(space["collapsed_dimensions"])),
            (f"{side} effective rank", number(space["effective_rank"])),
        ]
    hubs = embeddings["hubness"]
    return [
        *facts,
        ("skewness of recommendations per item", number(hubs["skewness"])),
        ("share of the most recommended 1 %", f"{hubs['top_percent_share']:.1%}"),
    ]


def _consumption(consumption: dict[str, dict[str, float]]) -> dict[str, Any]:
    heads = list(next(iter(consumption.values())))
    return {
        "heads": [label(head) for head in heads],
        "rows": {name: [shares[head] for head in heads] for name, shares in consumption.items()},
    }
