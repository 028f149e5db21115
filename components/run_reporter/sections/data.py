"""What ran on what data: counts, splits, and the distribution of events over time, users, items."""

from typing import Any

from components.run_reporter.charts.bars import period_bars, range_bars
from components.run_reporter.charts.figure import Figure
from components.run_reporter.charts.lines import Series, line_chart
from components.run_reporter.formatting import instant, number
from components.run_reporter.ingestion import catalogue_facts, matches, sources
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.features import WINDOW_SPLITS
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN

_READING = (
    "What the run read, and how it is divided. Train, eval and test are consecutive in time unless "
    "the split leaves one event out per user: the model learns from train, settings are chosen on "
    "eval, and every metric below is measured on test."
)


def data_section(inputs: ReportInputs) -> Section:
    """Returns the section on the log and the catalogue."""
    ingestion = inputs.run["ingestion"]
    log, catalogue = ingestion["interactions"], ingestion["catalogue"]
    section = Section("data", "Data", _READING, "data.html.j2")
    if not (log or catalogue):
        return section.without_content(
            why_missing(inputs, INTERACTION_EXAMPLE_GEN, CATALOGUE_EXAMPLE_GEN)
        )
    section.values.update(
        facts=_facts(log, catalogue),
        warnings=[w for part in (catalogue, log) if part for w in part.get("warnings") or []],
        splits=_in_order((log or {}).get("splits") or {}),
        matches=matches(log),
        sources=sources(log, catalogue),
        figures=_figures((log or {}).get("profile") or {}),
        top_items=[
            (f"the most popular {share:.0%} of the items", f"{events:.1%} of the events")
            for share, events in ((log or {}).get("profile") or {}).get("top_items", [])
        ],
    )
    return section


def _facts(log: dict[str, Any] | None, catalogue: dict[str, Any] | None) -> list[tuple[str, str]]:
    log = log or {}
    facts = [(f"{key} with an event", number(log[key])) for key in ("users", "items") if key in log]
    facts += [
        (name, number(count)) for name, count in catalogue_facts(catalogue, log or None).items()
    ]
    facts += [(f"{key} event", instant(log[key])) for key in ("first", "last") if log.get(key)]
    return facts


def _figures(profile: dict[str, Any]) -> list[Figure]:
    figures = []
    if profile.get("events_by_period"):
        figures.append(
            period_bars(
                "events-over-time",
                f"Kept events over time by split, {_width(profile['period_s'])} for each bar",
                profile["period_s"],
                _in_order(profile["events_by_period"]),
            )
        )
    if profile.get("users_by_events"):
        figures.append(
            range_bars(
                "events-per-user",
                "Users by their number of kept events",
                ("events of a user", "users"),
                [
                    (str(low) if low == high else f"{low}–{high}", users)
                    for low, high, users in profile["users_by_events"]
                ],
            )
        )
    if len(profile.get("items_by_rank") or []) > 1:
        figures.append(
            line_chart(
                "item-popularity",
                "Kept events of the items, most popular first; both axes are logarithmic",
                ("rank of the item", "events"),
                [Series("items", profile["items_by_rank"])],
                log=(True, True),
                marks=False,
            )
        )
    return figures


def _in_order(by_split: dict[str, Any]) -> dict[str, Any]:
    """Returns the values by split in order of time; other keys follow."""
    return {split: by_split[split] for split in (*WINDOW_SPLITS, *by_split) if split in by_split}


def _width(period_s: int) -> str:
    """Formats the width of a period.

    >>> _width(900), _width(14_400), _width(604_800)
    ('15 minutes', '4 hours', '7 days')
    """
    for seconds, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if period_s % seconds == 0:
            count = period_s // seconds
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return f"{period_s:,} s"
