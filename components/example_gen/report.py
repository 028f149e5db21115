"""The report of an ingestion, and the errors for an ingestion without usable events."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from components.example_gen.partitioned_reader import INTERACTIONS, USERS
from components.records.summary_file import format_rejects, rejects_by_reason
from schemas.errors import InputError
from schemas.features import WINDOW_SPLITS
from schemas.settings import DataSettings

# No log in milliseconds or microseconds is older than 1980. Logs in seconds can be: data sets
# without timestamps number the events of a user instead.
_FIRST_PLAUSIBLE_S = 315_532_800


@dataclass(frozen=True)
class IngestReport:
    """Counts of one ingestion of the log; read == kept + the sum of rejects.

    Attributes:
      read: Number of records of the log.
      kept: Number of events in all splits.
      rejects: Number of rejected records by reason.
      splits: By split: numbers of events, windows and targets; times of the first and last event
        (ISO 8601).
      users: Number of users with a kept event.
      items: Number of items with a kept event.
      first: Time of the first kept event (ISO 8601).
      last: Time of the last kept event (ISO 8601).
      seconds: Duration of the ingestion.
      users_file: `read`, `kept` and `rejects` of the users file; None without users.
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
        """Returns the report as JSON values."""
        return vars(self).copy()


def build_report(summary: dict[str, Any], data: DataSettings, seconds: float) -> IngestReport:
    """Returns the report of an ingestion.

    Args:
      summary: The summary that the pipeline wrote (`read_summary`).
      data: The settings of the log, the catalogue and the users.
      seconds: Duration of the ingestion.

    Raises:
      InputError: A file could not be read, nothing was kept, or a split is empty.
    """
    if summary["faults"]:
        raise InputError("; ".join(summary["faults"]))
    read = summary["read"].get(INTERACTIONS, 0)
    splits = summary["splits"]
    kept = sum(counts["events"] for counts in splits.values())
    rejects = rejects_by_reason(summary, INTERACTIONS)
    if not read:
        raise InputError(f"{_paths(data)}: the log contains no record; check the path")
    if not kept:
        raise InputError(
            f"{_paths(data)}: all {read} records were rejected or erased. "
            f"{format_rejects(summary, INTERACTIONS)}"
        )
    _check_splits(splits, kept, data, summary)
    _check_timestamp_unit(splits, data)
    first = min(counts["first"] for counts in splits.values() if counts["events"])
    last = max(counts["last"] for counts in splits.values() if counts["events"])
    return IngestReport(
        read=read,
        kept=kept,
        rejects=rejects,
        splits={
            split: {
                **counts,
                "first": to_iso8601(counts["first"]),
                "last": to_iso8601(counts["last"]),
            }
            for split, counts in splits.items()
        },
        users=summary["users"],
        items=summary["items"],
        first=to_iso8601(first),
        last=to_iso8601(last),
        seconds=round(seconds, 3),
        users_file=_users_file(summary) if data.users else None,
    )


def to_iso8601(timestamp_s: int) -> str:
    """Returns seconds since the epoch as ISO 8601, UTC."""
    return datetime.fromtimestamp(timestamp_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _users_file(summary: dict[str, Any]) -> dict[str, Any]:
    read = summary["read"].get(USERS, 0)
    rejects = rejects_by_reason(summary, USERS)
    return {"read": read, "kept": read - sum(rejects.values()), "rejects": rejects}


def _check_splits(
    splits: dict[str, Any], kept: int, data: DataSettings, summary: dict[str, Any]
) -> None:
    empty = [split for split in WINDOW_SPLITS if not splits[split]["targets"]]
    if not empty:
        return
    if all(splits[split]["events"] for split in empty):
        remedy = (
            f"none of their events has a type in targets.event_types "
            f"({', '.join(data.targets.event_types or ())}): check the spelling, or use longer "
            "eval and test periods"
        )
    elif data.split.policy == "leave_one_out":
        remedy = "no user has three kept target events, as split.policy leave_one_out requires"
    elif data.split.eval_start:
        remedy = "move split.eval_start and split.test_start into the period of the log"
    else:
        remedy = "kept events need at least three distinct times: relax keep, or add log files"
    raise InputError(
        f"{_paths(data)}: none of {kept} kept events is a target in {' and '.join(empty)}; "
        f"{remedy}. {format_rejects(summary, INTERACTIONS)}".rstrip()
    )


def _check_timestamp_unit(splits: dict[str, Any], data: DataSettings) -> None:
    """Checks that times are not much too early.

    Seconds read as milliseconds, and milliseconds read as microseconds, are in January 1970.
    """
    unit = data.interactions.timestamp_unit
    last = max(counts["last"] for counts in splits.values() if counts["events"])
    if unit in ("ms", "us") and last < _FIRST_PLAUSIBLE_S:
        raise InputError(
            f"interactions.timestamp_unit: in unit {unit} the newest event of {_paths(data)} is at "
            f"{to_iso8601(last)}. The timestamps are probably in "
            f"{'seconds' if unit == 'ms' else 'milliseconds or seconds'}: "
            f"set timestamp_unit: {'s' if unit == 'ms' else 'ms'}"
        )


def _paths(data: DataSettings) -> str:
    return data.interactions.place
