"""What the towers learned after their evaluation, and what the rehearsal of it gained."""

from datetime import datetime, timezone
from typing import Any

from components.run_reporter.formatting import duration, instant, label, number
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.steps import REFIT

_READING = (
    "The numbers of all sections above are those of the proven towers, which learned split train "
    "alone. The towers of the index and of the pushed version have learned the rest of the log, "
    "too, so that no held-out time is left to measure them on. The rehearsal measures what a refit "
    "gains: the same towers learn split eval and the older half of split test, and are compared "
    "with the proven ones on the newer half, in which both are as they would serve."
)
_NO_REFIT = (
    "The proven towers are indexed and pushed as they are, because train.refit is none: all "
    "numbers of this report are those of the pushed model."
)


def refit_section(inputs: ReportInputs) -> Section:
    """Returns the section on the refit."""
    refit = inputs.run["refit"]
    section = Section("refit", "Refit", _READING, "refit.html.j2")
    if not refit:
        has_step = any(step["component"] == REFIT for step in inputs.run["components"])
        train = (inputs.run.get("config") or {}).get("train") or {}
        is_off = not has_step and train.get("refit") == "none"
        return section.without_content(_NO_REFIT if is_off else why_missing(inputs, REFIT))
    facts = [
        ("kind", refit["kind"]),
        ("learned until", instant(refit["learned_until"])),
        ("targets", number(refit["targets"])),
        *((label(key), number(refit[key])) for key in ("new_items", "new_users", "epochs")),
        ("time", duration(refit["seconds"])),
    ]
    section.values.update(facts=facts, rehearsal=_rehearsal(refit.get("rehearsal")))
    return section


def _rehearsal(rehearsal: dict[str, Any] | None) -> dict[str, Any] | None:
    """Returns the values of the table; None without a rehearsal."""
    if rehearsal is None:
        return None
    return {
        **rehearsal,
        "share": {
            name: values["gain"] / values["proven"] if values["proven"] else None
            for name, values in rehearsal["metrics"].items()
        },
        "until": instant(_iso(rehearsal["learned_until_s"])),
    }


def _iso(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, tz=timezone.utc).isoformat()
