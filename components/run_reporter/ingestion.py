"""What ingestion read, kept and rejected, arranged for tables: by source and by reason."""

from dataclasses import dataclass
from typing import Any

_WITHOUT_KEPT = "without_kept_event"

# Keys of the catalogue's counts, and what they count; a step may leave some out.
_CATALOGUE_FACTS = {
    "items": "items in the catalogue",
    "logged_only": "items without content, from the log alone",
    "readmitted": "items of a rejected row, from the log",
    "never_logged": "items never logged",
    _WITHOUT_KEPT: "items without a kept event",
}


@dataclass(frozen=True)
class Source:
    """One source of records: the log, the users file or the items file.

    Attributes:
      name: As a person reads it.
      read: Its records.
      kept: Those that became events, users or items.
      rejects: The others, by reason.
    """

    name: str
    read: int
    kept: int
    rejects: dict[str, int]

    @property
    def rejected(self) -> int:
        """Records that were rejected."""
        return sum(self.rejects.values())


def sources(interactions: dict[str, Any] | None, catalogue: dict[str, Any] | None) -> list[Source]:
    """The sources that were read.

    Args:
      interactions: What InteractionExampleGen counted, or None where it did not run.
      catalogue: What CatalogueExampleGen counted, or None where it did not run.
    """
    told = {
        "log": interactions,
        "users file": (interactions or {}).get("users_file"),
        # Without an items file the catalogue is made of the log, and reads nothing itself.
        "items file": catalogue if catalogue and catalogue["read"] else None,
    }
    return [
        Source(name, of["read"], of["kept"], of.get("rejects") or {})
        for name, of in told.items()
        if of
    ]


def rejects_by_reason(read: list[Source]) -> list[tuple[str, list[int]]]:
    """Each reason with its counts in every source, the most frequent reason first."""
    reasons = {reason for source in read for reason in source.rejects}
    rows = [(reason, [source.rejects.get(reason, 0) for source in read]) for reason in reasons]
    return sorted((row for row in rows if any(row[1])), key=lambda row: (-sum(row[1]), row[0]))


def without_kept_event(
    interactions: dict[str, Any] | None, catalogue: dict[str, Any] | None
) -> int | None:
    """Candidates without a kept event: every kept event is on a candidate, so the difference.

    Unlike `never_logged`, which counts readable events, it is known whether or not the log was read
    for the catalogue.

    Args:
      interactions: What InteractionExampleGen counted, or None where it did not run.
      catalogue: What CatalogueExampleGen counted, or None where it did not run.

    Returns:
      The number; None where one of the steps did not count its items.
    """
    logged, candidates = (interactions or {}).get("items"), (catalogue or {}).get("items")
    return None if logged is None or candidates is None else candidates - logged


def catalogue_facts(
    catalogue: dict[str, Any] | None, interactions: dict[str, Any] | None = None
) -> dict[str, int]:
    """Items by where they are known from, as far as the steps counted them.

    Args:
      catalogue: What CatalogueExampleGen counted, or None where it did not run.
      interactions: What InteractionExampleGen counted, or None where it did not run.
    """
    counts = {**(catalogue or {}), _WITHOUT_KEPT: without_kept_event(interactions, catalogue)}
    return {
        label: counts[key] for key, label in _CATALOGUE_FACTS.items() if counts.get(key) is not None
    }
