"""The choices of the recipe, and the training curves."""

import re
from typing import Any

from components.run_reporter.charts.figure import Figure
from components.run_reporter.charts.lines import Series, line_chart
from components.run_reporter.formatting import duration, instant, label, natural_key, number
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.steps import TRAINER

_RECIPE_READING = (
    "Settings that the run chose from the data, each with its reason. A key that is set in the "
    "configuration is used as it is and not listed here."
)
_TRAINING_READING = (
    "Training and validation loss, and the metrics on the eval split after each epoch. Training "
    "stops when the validation metric no longer improves, and the towers of the best epoch are "
    "exported. A validation loss that rises while the training loss falls is overfitting; curves "
    "that still improve at the end are a reason for more epochs."
)
_TFRS_RECALL = re.compile(r"(?:factorized_top_k/)?top_([0-9]+)_categorical_accuracy")


def recipe_section(inputs: ReportInputs) -> Section:
    """Returns the section on what the recipe chose."""
    training = inputs.run["training"]
    section = Section("recipe", "Recipe", _RECIPE_READING, "recipe.html.j2")
    if not training:
        return section.without_content(why_missing(inputs, TRAINER))
    section.values["choices"] = training.get("recipe") or []
    return section


def training_section(inputs: ReportInputs) -> Section:
    """Returns the section on the training."""
    training = inputs.run["training"]
    section = Section("training", "Training", _TRAINING_READING, "training.html.j2")
    if not training:
        return section.without_content(why_missing(inputs, TRAINER))
    keys = ("epochs", "best_epoch", "parameters", "candidates", "targets_per_second")
    facts = [(label(key), number(training[key])) for key in keys if key in training]
    if "seconds" in training:
        facts.append(("training time", duration(training["seconds"])))
    if training.get("as_of"):
        facts.append(("items as of", instant(training["as_of"])))
    section.values.update(facts=facts, figures=_figures(training.get("history") or []))
    return section


def _figures(history: list[dict[str, Any]]) -> list[Figure]:
    """Returns the charts by epoch: the losses, and the validation metrics."""
    if len(history) < 2:
        return []
    names = sorted(set.intersection(*(set(epoch) for epoch in history)), key=natural_key)
    losses: list[str] = [name for name in ("loss", "val_loss") if name in names]
    metrics = [name for name in names if name.startswith("val_") and not name.endswith("loss")]
    groups = (("loss", "Loss", losses, False), ("metrics", "Validation metrics", metrics, True))
    return [
        line_chart(
            f"training-{name}",
            f"{title} by epoch",
            ("epoch", title.lower()),
            [
                Series(_curve_name(key), [(epoch["epoch"], epoch[key]) for epoch in history])
                for key in keys
            ],
            from_zero=from_zero,
        )
        for name, title, keys, from_zero in groups
        if keys
    ]


def _curve_name(name: str) -> str:
    """Returns the name for display; `top_10_categorical_accuracy` of TFRS is recall@10."""
    if name in ("loss", "val_loss"):
        return "validation" if name == "val_loss" else "training"
    return _TFRS_RECALL.sub(r"recall@\1", name.removeprefix("val_"))
