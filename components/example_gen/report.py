"""The report of an ingestion, and the errors for an ingestion without usable events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from components.example_gen.event_table import TIME_US
from components.example_gen.event_types import check_event_types, event_type_warnings
from components.example_gen.log_profile import log_profile
from components.example_gen.match_report import SourceRows, match_warnings
from components.example_gen.partitioned_reader import INTERACTIONS, USERS
from components.example_gen.placeholder_ids import placeholder_warnings
from components.example_gen.simultaneous import simultaneity_warnings
from components.example_gen.split_shares import (
    check_split_shares,
    describe_ties,
    shares_of_summary,
    split_warnings,
)
from components.records.summary_file import format_rejects, rejects_by_reason
from components.records.time_columns import row_of_time
from components.records.time_ranges import implausible_times
from schemas.errors import InputError
from schemas.features import WINDOW_SPLITS
from schemas.settings import DataSettings

NEGATIVES = "negatives"
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
      splits: By split: numbers of events, windows and targets, and with `targets.negative` of
        negatives; times of the first and last event (ISO 8601; their rows if the log has no times).
      users: Number of users with a kept event.
      items: Number of items with a kept event.
      first: Time of the first kept event (ISO 8601).
      last: Time of the last kept event (ISO 8601).
      seconds: Duration of the ingestion.
      users_file: `read`, `kept` and `rejects` of the users file; None without users.
      matches: By source (`users`, `items`), the numbers of ids and of events of the log whose id
        has a row, has a rejected row, or has none.
      warnings: Texts about settings and data that are probably not what was meant.
      profile: The distribution of the kept events over time, users and items (`log_profile`).
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
    matches: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    profile: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON values."""
        return vars(self).copy()


def build_report(
    summary: dict[str, Any],
    data: DataSettings,
    seconds: float,
    sources: Sequence[SourceRows] = (),
) -> IngestReport:
    """Returns the report of an ingestion.

    Args:
      summary: The summary that the pipeline wrote (`read_summary`).
      data: The settings of the log, the catalogue and the users.
      seconds: Duration of the ingestion.
      sources: The ids that have a row in the users file and in the catalogue.

    Raises:
      InputError: A file could not be read, no user or item of the log has a row, nothing was kept,
        or a split is empty.
    """
    if summary["faults"]:
        raise InputError("; ".join(summary["faults"]))
    read = summary["read"].get(INTERACTIONS, 0)
    splits = summary["splits"]
    kept = sum(counts["events"] for counts in splits.values())
    rejects = rejects_by_reason(summary, INTERACTIONS)
    if not read:
        raise InputError(f"{_paths(data)}: the log contains no record; check the path")
    _check_times(summary)
    check_event_types(summary, data)
    counts_negatives = data.targets.negative is not None
    unmatched = match_warnings(summary, data, sources)
    if not kept:
        raise InputError(
            f"{_paths(data)}: all {read} records were rejected or erased. "
            f"{format_rejects(summary, INTERACTIONS)}"
        )
    shares = shares_of_summary(summary)
    _check_splits(splits, kept, data, summary)
    check_split_shares(_paths(data), shares)
    _check_timestamp_unit(splits, data)
    _check_negatives(splits, kept, data)
    first = min(counts["first"] for counts in splits.values() if counts["events"])
    last = max(counts["last"] for counts in splits.values() if counts["events"])
    return IngestReport(
        read=read,
        kept=kept,
        rejects=rejects,
        splits={
            split: {
                **{key: n for key, n in counts.items() if key != NEGATIVES or counts_negatives},
                "first": _instant(counts["first"], data),
                "last": _instant(counts["last"], data),
            }
            for split, counts in splits.items()
        },
        users=summary["users"],
        items=summary["items"],
        first=_instant(first, data),
        last=_instant(last, data),
        seconds=round(seconds, 3),
        users_file=_users_file(summary) if data.users else None,
        matches={
            source: {key: counts[key] for key in ("ids", "events")}
            for source, counts in summary["matches"].items()
        },
        warnings=(
            *_order_warnings(summary, data),
            *placeholder_warnings(summary, data),
            *unmatched,
            *event_type_warnings(summary, data),
            *split_warnings(shares),
        ),
        profile=log_profile(summary, has_times=not data.interactions.has_row_order),
    )


def to_iso8601(timestamp_s: int) -> str:
    """Returns seconds since the epoch as ISO 8601, UTC."""
    return datetime.fromtimestamp(timestamp_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(timestamp_s: int, data: DataSettings) -> str:
    """Returns a time of an event as ISO 8601; its row if the log has no times."""
    if data.interactions.has_row_order:
        return row_of_time(timestamp_s)
    return to_iso8601(timestamp_s)


def _order_warnings(summary: dict[str, Any], data: DataSettings) -> list[str]:
    if not data.interactions.has_row_order:
        return simultaneity_warnings(summary, data)
    return [
        "interactions.fields.timestamp: row_order: the log has no times, so the order of its files "
        "and rows is the order of events. Metrics are of leave-one-out, not of later data; "
        "features of time and the check for duplicates have no effect",
    ]


def _check_times(summary: dict[str, Any]) -> None:
    """Checks that the numbers of the log's times are not times in another unit.

    Raises:
      InputError: They look like others.
    """
    keys = {(INTERACTIONS, TIME_US): "interactions.fields.timestamp"}
    if problems := implausible_times(summary["times"], keys):
        raise InputError("; ".join(problems))


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
            f"({', '.join(data.targets.event_types or ())}): use longer eval and test periods, or "
            "add target types"
        )
    elif data.split.policy == "leave_one_out":
        remedy = "no user has three kept target events, as split.policy leave_one_out requires"
    elif data.split.eval_start:
        remedy = "move split.eval_start and split.test_start into the period of the log"
    else:
        remedy = "kept events need at least three distinct times: relax keep, or add log files"
        shares = shares_of_summary(summary)
        if shares is not None:
            remedy += f"; {describe_ties(shares)}"
    raise InputError(
        f"{_paths(data)}: none of {kept} kept events is a target in {' and '.join(empty)}; "
        f"{remedy}. {format_rejects(summary, INTERACTIONS)}".rstrip()
    )


def _check_negatives(splits: dict[str, Any], kept: int, data: DataSettings) -> None:
    """Checks that some kept event is negative feedback, if the configuration defines it."""
    negative = data.targets.negative
    if negative is None or any(counts[NEGATIVES] for counts in splits.values()):
        return
    conditions = [
        f"{key} {value}"
        for key, value in (
            ("event_types", negative.event_types and ", ".join(negative.event_types)),
            ("max_value", negative.max_value),
        )
        if value is not None
    ]
    raise InputError(
        f"targets.negative: none of the {kept:,} kept events of {_paths(data)} is negative "
        f"feedback ({' and '.join(conditions)}); correct the condition, or remove the key"
    )


def _check_timestamp_unit(splits: dict[str, Any], data: DataSettings) -> None:
    """Checks that times in small units are not before 1980.

    `_check_times` has excluded times that are plausible in another unit.
    """
    unit = data.interactions.timestamp_unit
    last = max(counts["last"] for counts in splits.values() if counts["events"])
    if unit in ("ms", "us", "ns") and last < _FIRST_PLAUSIBLE_S:
        raise InputError(
            f"interactions.timestamp_unit: in unit {unit} the newest event of {_paths(data)} is at "
            f"{to_iso8601(last)}. The timestamps are in a larger unit, or count something else: "
            "set timestamp_unit: s if they are a counter"
        )


def _paths(data: DataSettings) -> str:
    return data.interactions.place
