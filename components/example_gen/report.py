"""What an ingestion came to, and the errors for one that came to nothing."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from components.example_gen.read_log import INTERACTIONS, USERS
from components.records.write_rejects import rejections, rejects_of
from schemas.errors import InputError
from schemas.features import WINDOW_SPLITS
from schemas.settings import DataSettings

# No log of milliseconds or microseconds is older; position counters come as seconds.
_FIRST_PLAUSIBLE_S = 315_532_800  # 1980


@dataclass(frozen=True)
class IngestReport:
    """Counts of one ingestion of the log; read == kept + the sum of rejects.

    Attributes:
      read: Records of the log.
      kept: Events that stand in a split.
      rejects: Rejected records by reason.
      splits: By split: events, windows, targets, first and last event (ISO 8601).
      users: Users with a kept event.
      items: Items with a kept event.
      first: The first kept event (ISO 8601).
      last: The last kept event (ISO 8601).
      seconds: How long it took.
      users_file: read, kept and rejects of the users file; None without one.
    """

    read: int
    kept: int
    rejects: dict[str, int]
    splits: dict[str, dict[str, Any]]
    users: int
    items: int
    first: str
    last: str
    seconds: float
    users_file: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return vars(self).copy()


def build_report(summary: dict[str, Any], data: DataSettings, seconds: float) -> IngestReport:
    """Builds the report from the summary that the pipeline wrote.

    Raises:
      InputError: A file could not be read, nothing was kept, or a split is empty.
    """
    if summary["faults"]:
        raise InputError("; ".join(summary["faults"]))
    read = summary["read"].get(INTERACTIONS, 0)
    splits = summary["splits"]
    kept = sum(counts["events"] for counts in splits.values())
    rejects = rejects_of(summary, INTERACTIONS)
    if not read:
        raise InputError(f"{_paths(data)}: the log holds no record")
    if not kept:
        raise InputError(
            f"{_paths(data)}: all {read} records were rejected or erased. "
            f"{rejections(summary, INTERACTIONS)}"
        )
    _check_splits(splits, kept, data, summary)
    _check_unit(splits, data)
    first = min(counts["first"] for counts in splits.values() if counts["events"])
    last = max(counts["last"] for counts in splits.values() if counts["events"])
    return IngestReport(
        read=read,
        kept=kept,
        rejects=rejects,
        splits={
            split: {**counts, "first": iso(counts["first"]), "last": iso(counts["last"])}
            for split, counts in splits.items()
        },
        users=summary["users"],
        items=summary["items"],
        first=iso(first),
        last=iso(last),
        seconds=round(seconds, 3),
        users_file=_users_file(summary) if data.users else None,
    )


def iso(timestamp_s: int) -> str:
    """Seconds since the epoch as ISO 8601, UTC."""
    return datetime.fromtimestamp(timestamp_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _users_file(summary: dict[str, Any]) -> dict[str, Any]:
    read = summary["read"].get(USERS, 0)
    rejects = rejects_of(summary, USERS)
    return {"read": read, "kept": read - sum(rejects.values()), "rejects": rejects}


def _check_splits(
    splits: dict[str, Any], kept: int, data: DataSettings, summary: dict[str, Any]
) -> None:
    empty = [split for split in WINDOW_SPLITS if not splits[split]["targets"]]
    if not empty:
        return
    lacking = " and ".join(empty)
    if all(splits[split]["events"] for split in empty):
        cure = (
            f"none of their events has a type in targets.event_types "
            f"({', '.join(data.targets.event_types or ())}): check its spelling, or widen the split"
        )
    elif data.split.policy == "leave_one_out":
        cure = "no user has three kept target events, which split.policy leave_one_out needs"
    elif data.split.eval_start:
        cure = "move split.eval_start and split.test_start into the period of the log"
    else:
        cure = "the kept events need at least three distinct times; loosen keep, or give more log"
    raise InputError(
        f"{_paths(data)}: of {kept} kept events none is a target in {lacking}; {cure}. "
        f"{rejections(summary, INTERACTIONS)}".rstrip()
    )


def _check_unit(splits: dict[str, Any], data: DataSettings) -> None:
    """Seconds read as milliseconds, or those as microseconds, all lie in January 1970."""
    unit = data.interactions.timestamp_unit
    last = max(counts["last"] for counts in splits.values() if counts["events"])
    if unit in ("ms", "us") and last < _FIRST_PLAUSIBLE_S:
        raise InputError(
            f"interactions.timestamp_unit: read in unit {unit}, the newest event of {_paths(data)} "
            f"is of {iso(last)}; these are {'seconds' if unit == 'ms' else 'ms or s'} more likely: "
            f"set timestamp_unit: {'s' if unit == 'ms' else 'ms'}"
        )


def _paths(data: DataSettings) -> str:
    return data.interactions.place
