"""The counts of `twotower ingest` as text tables."""

from typing import Any

from components.run_reporter.formatting import duration, instant, number
from components.run_reporter.ingestion import catalogue_facts, matches, rejects_by_reason, sources
from components.run_reporter.summary import align


def render_counts(counts: dict[str, Any]) -> str:
    """Returns the tables of the counts of an ingestion, with a final newline."""
    sections = [_records(counts), _splits(counts), _matches(counts), _totals(counts)]
    sections = [lines for lines in sections if lines]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _records(counts: dict[str, Any]) -> list[str]:
    """Returns the numbers of records: a column per source, a row per reason of rejection."""
    records = sources(counts, counts["catalogue"])
    reasons = [
        [f"  {reason}", *(number(count or None) for count in by_source)]
        for reason, by_source in rejects_by_reason(records)
    ]
    return align(
        [
            ["records", *(source.name for source in records)],
            ["read", *(number(source.read) for source in records)],
            ["kept", *(number(source.kept) for source in records)],
            ["rejected", *(number(source.rejected) for source in records)],
            *reasons,
        ]
    )


def _splits(counts: dict[str, Any]) -> list[str]:
    columns: tuple[str, ...] = ("events", "targets", "windows")
    if any("negatives" in split_counts for split_counts in counts["splits"].values()):
        columns = ("events", "targets", "negatives", "windows")
    table = [["split", *columns, "first event", "last event"]]
    for split, split_counts in counts["splits"].items():
        table.append(
            [
                split,
                *(number(split_counts[key]) for key in columns),
                instant(split_counts["first"]),
                instant(split_counts["last"]),
            ]
        )
    return align(table)


def _matches(counts: dict[str, Any]) -> list[str]:
    """Returns how many ids of the log have a row; nothing if there is no source of rows."""
    rows = [
        [match.name, number(match.found), number(match.total), f"{match.share:.1%}"]
        for match in matches(counts)
    ]
    return align([["of the log", "found", "of", "share"], *rows]) if rows else []


def _totals(counts: dict[str, Any]) -> list[str]:
    totals = {
        "users with a kept event": counts["users"],
        "items with a kept event": counts["items"],
        **catalogue_facts(counts["catalogue"], counts),
    }
    seconds = counts["seconds"] + counts["catalogue"]["seconds"]
    return align([[name, number(n)] for name, n in totals.items()] + [["time", duration(seconds)]])
