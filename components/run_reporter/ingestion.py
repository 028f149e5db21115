"""Arranges the record counts of ingestion for tables: by source and by reject reason."""

from dataclasses import dataclass
from typing import Any

_WITHOUT_KEPT = "without_kept_event"

# Labels of the catalogue's counts by key; a step may omit some keys.
_CATALOGUE_LABELS = {
    "items": "items in the catalogue",
    "logged_only": "items from the log only, without content",
    "readmitted": "items from the log whose row was rejected",
    "never_logged": "items never logged",
    _WITHOUT_KEPT: "items without a kept event",
}


@dataclass(frozen=True)
class Source:
    """The record counts of one source: the log, the users file or the items file.

    Attributes:
      name: The source's name for display.
      read: Number of records read.
      kept: Number of records that became events, users or items.
      rejects: Number of rejected records by reason.
    """

    name: str
    read: int
    kept: int
    rejects: dict[str, int]

    @property
    def rejected(self) -> int:
        """The number of rejected records."""
        return sum(self.rejects.values())


def sources(interactions: dict[str, Any] | None, catalogue: dict[str, Any] | None) -> list[Source]:
    """Returns the counts of every source that was read.

    Args:
      interactions: The counts of InteractionExampleGen, or None if it did not run.
      catalogue: The counts of CatalogueExampleGen, or None if it did not run.
    """
    counts_by_source = {
        "log": interactions,
        "users file": (interactions or {}).get("users_file"),
        # Without an items file, the catalogue is built from the log and its step reads no records.
        "items file": catalogue if catalogue and catalogue["read"] else None,
    }
    return [
        Source(name, counts["read"], counts["kept"], counts.get("rejects") or {})
        for name, counts in counts_by_source.items()
        if counts
    ]


def rejects_by_reason(read: list[Source]) -> list[tuple[str, list[int]]]:
    """Returns each reason with its count in every source, the most frequent reason first."""
    reasons = {reason for source in read for reason in source.rejects}
    rows = [(reason, [source.rejects.get(reason, 0) for source in read]) for reason in reasons]
    return sorted((row for row in rows if any(row[1])), key=lambda row: (-sum(row[1]), row[0]))


@dataclass(frozen=True)
class Match:
    """How many ids or events of the log have a row of the users file or of the catalogue.

    Attributes:
      name: What is counted, and where the row is, for display.
      found: Number of those that have a row.
      rejected: Number of those whose rows were all rejected.
      total: Number of all.
    """

    name: str
    found: int
    rejected: int
    total: int

    @property
    def share(self) -> float:
        """The share of those that have a row."""
        return self.found / self.total


def matches(interactions: dict[str, Any] | None) -> list[Match]:
    """Returns the counts of the ids and events of the log that have a row, by source.

    Args:
      interactions: The counts of InteractionExampleGen, or None if it did not run.
    """
    labels = {
        "users": ("users in the users file", "events of these users"),
        "items": ("items in the catalogue", "events of these items"),
    }
    counts = (interactions or {}).get("matches") or {}
    return [
        Match(label, by.get("found", 0), by.get("rejected", 0), sum(by.values()))
        for source, names in labels.items()
        if source in counts
        for label, by in zip(names, (counts[source]["ids"], counts[source]["events"]), strict=True)
        if sum(by.values())
    ]


def items_without_kept_event(
    interactions: dict[str, Any] | None, catalogue: dict[str, Any] | None
) -> int | None:
    """Returns the number of candidates without a kept event.

    Every kept event refers to a candidate, so this is the difference of the two item counts. Unlike
    `never_logged`, which is about readable events, it is also available if the log was not read for
    the catalogue.

    Args:
      interactions: The counts of InteractionExampleGen, or None if it did not run.
      catalogue: The counts of CatalogueExampleGen, or None if it did not run.

    Returns:
      The number; None if one of the steps did not count its items.
    """
    logged, candidates = (interactions or {}).get("items"), (catalogue or {}).get("items")
    return None if logged is None or candidates is None else candidates - logged


def catalogue_facts(
    catalogue: dict[str, Any] | None, interactions: dict[str, Any] | None = None
) -> dict[str, int]:
    """Returns the item counts of the catalogue by label, without counts that are missing.

    Args:
      catalogue: The counts of CatalogueExampleGen, or None if it did not run.
      interactions: The counts of InteractionExampleGen, or None if it did not run.
    """
    counts = {**(catalogue or {}), _WITHOUT_KEPT: items_without_kept_event(interactions, catalogue)}
    return {
        label: counts[key]
        for key, label in _CATALOGUE_LABELS.items()
        if counts.get(key) is not None
    }
