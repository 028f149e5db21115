"""The counts of `twotower ingest` as tables for a terminal."""

from typing import Any

from components.run_reporter.formatting import duration, instant, number
from components.run_reporter.ingestion import catalogue_facts, rejects_by_reason, sources
from components.run_reporter.summary import align


def render_counts(counts: dict[str, Any]) -> str:
    """The counts that `ingest_only` gives, with a newline at the end."""
    sections = [_records(counts), _splits(counts), _facts(counts)]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _records(counts: dict[str, Any]) -> list[str]:
    """What was read, kept and rejected: a column for each source, a row for each reason."""
    read = sources(counts, counts["catalogue"])
    reasons = [
        [f"  {reason}", *(number(count or None) for count in by_source)]
        for reason, by_source in rejects_by_reason(read)
    ]
    return align(
        [
            ["records", *(source.name for source in read)],
            ["read", *(number(source.read) for source in read)],
            ["kept", *(number(source.kept) for source in read)],
            ["rejected", *(number(source.rejected) for source in read)],
            *reasons,
        ]
    )


def _splits(counts: dict[str, Any]) -> list[str]:
    numbers = ("events", "targets", "windows")
    table = [["split", *numbers, "first event", "last event"]]
    for split, of in counts["splits"].items():
        table.append(
            [
                split,
                *(number(of[key]) for key in numbers),
                instant(of["first"]),
                instant(of["last"]),
            ]
        )
    return align(table)


def _facts(counts: dict[str, Any]) -> list[str]:
    facts = {
        "users with a kept event": counts["users"],
        "items with a kept event": counts["items"],
        **catalogue_facts(counts["catalogue"], counts),
    }
    seconds = counts["seconds"] + counts["catalogue"]["seconds"]
    return align([[name, number(n)] for name, n in facts.items()] + [["time", duration(seconds)]])
