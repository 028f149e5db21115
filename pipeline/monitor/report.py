"""The result of monitoring, as JSON values and as text."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from components.run_reporter.formatting import NOTHING, interval, number
from components.run_reporter.summary import align
from pipeline.monitor.arms import MIN_CLICKING_USERS, MIN_USERS, Arm
from pipeline.monitor.clicks import Clicks, instant
from pipeline.monitor.compare import Comparison
from pipeline.monitor.groups import Group


@dataclass(frozen=True)
class GroupResult:
    """The comparison of one group.

    Attributes:
      group: The group.
      requests: The number of its lists.
      users: The number of its users.
      evaluated_with: The held-out requests with which it is compared, as text; "" without any.
      missing: Why there are none, "" if there are some.
      comparisons: The measures.
    """

    group: Group
    requests: int
    users: int
    evaluated_with: str
    missing: str
    comparisons: list[Comparison]


@dataclass(frozen=True)
class MonitorResult:
    """The result of monitoring.

    Attributes:
      model: The name of the model.
      files: The number of files.
      lists: The number of lists.
      users: The number of users; each list without a user counts as one.
      first_ms: The time of the first list, milliseconds since the epoch, UTC.
      last_ms: The time of the last list.
      sample: The share of users in the log.
      user_key: The fingerprint of the key of user ids, "" if they are not hashed.
      groups: The groups.
      clicks: What users did next; None without an interaction log.
    """

    model: str
    files: int
    lists: int
    users: int
    first_ms: int
    last_ms: int
    sample: float
    user_key: str
    groups: list[GroupResult]
    clicks: Clicks | None


def to_dict(result: MonitorResult) -> dict[str, Any]:
    """Returns the result as JSON values."""
    clicks = result.clicks
    return {
        "model": result.model,
        "files": result.files,
        "lists": result.lists,
        "users": result.users,
        "first": _iso(result.first_ms / 1000),
        "last": _iso(result.last_ms / 1000),
        "sample": result.sample,
        "user_key": result.user_key,
        "groups": [
            {
                "label": group.group.label,
                "version": group.group.version,
                "signature": group.group.signature,
                "requests": group.requests,
                "users": group.users,
                "evaluated_with": group.evaluated_with,
                "missing": group.missing,
                "measures": [comparison.to_dict() for comparison in group.comparisons],
            }
            for group in result.groups
        ],
        "clicks": clicks
        and {
            "window_s": clicks.window_s,
            "baseline": clicks.baseline,
            "log_first": _iso(clicks.first_s),
            "log_last": _iso(clicks.last_s),
            "target_events": clicks.target_events,
            "left_out": clicks.left_out,
            "min_users": MIN_USERS,
            "min_clicking_users": MIN_CLICKING_USERS,
            "arms": [arm.to_dict() for arm in clicks.arms],
        },
    }


def render(result: MonitorResult) -> str:
    """Returns the result as text with a final newline."""
    hashed = f", ids hashed with key {result.user_key}" if result.user_key else ""
    head = (
        f"{result.model}: {number(result.lists)} lists of {number(result.users)} users in "
        f"{number(result.files)} file(s), {instant(result.first_ms // 1000)} to "
        f"{instant(result.last_ms // 1000)} ({100 * result.sample:.3g} % of all users{hashed})"
    )
    parts = [[head], *(_group(group) for group in result.groups)]
    if result.clicks is not None:
        parts.append(_clicks(result.clicks))
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _group(result: GroupResult) -> list[str]:
    head = f"{result.group.name}: {number(result.requests)} lists of {number(result.users)} users"
    compared = result.evaluated_with or f"not compared: {result.missing}"
    table = [["", "served", "evaluated", "distance", "limit", "verdict"]]
    table += map(_comparison, result.comparisons)
    # The verdict has any length, so only the columns before it are aligned.
    heads = align([row[:-1] for row in table])
    lines = [f"{line}  {row[-1]}".rstrip() for line, row in zip(heads, table, strict=True)]
    return [head, f"  {compared}", *(f"  {line}" for line in lines)]


def _comparison(row: Comparison) -> list[str]:
    distance = NOTHING if row.distance is None else f"{row.distance:.3f} {row.distance_name}"
    served, evaluated = _value(row.served, row.is_share), _value(row.evaluated, row.is_share)
    return [row.measure, served, evaluated, distance, number(row.limit), row.verdict]


def _value(value: float | None, is_share: bool) -> str:
    return f"{value:.1%}" if is_share and value is not None else number(value)


def _clicks(clicks: Clicks) -> list[str]:
    lines = [
        f"Lists with a target event on one of their items within {number(clicks.window_s)} s, "
        "before the user's next request",
        f"  {number(clicks.target_events)} target events of these users; log from "
        f"{instant(clicks.first_s)} to {instant(clicks.last_s)}; {number(clicks.left_out)} lists "
        "left out (no user id, or window beyond the log)",
    ]
    heads = ["arm", "lists", "users", "clicked", "rate", "95 % interval"]
    heads += [f"minus {clicks.baseline}", "95 % interval"]
    table = [heads, *(_arm(arm) for arm in clicks.arms)]
    lines += [f"  {line}" for line in align(table)]
    if any(arm.interval is None for arm in clicks.arms):
        lines.append(
            f"  No interval for an arm with fewer than {MIN_USERS} users, or fewer than "
            f"{MIN_CLICKING_USERS} users with a clicked list."
        )
    return lines


def _arm(arm: Arm) -> list[str]:
    bounds, difference = arm.interval, arm.difference_interval
    return [
        arm.name,
        number(arm.lists),
        number(arm.users),
        number(arm.clicked_lists),
        NOTHING if arm.rate is None else f"{arm.rate:.4f}",
        interval((bounds[0], bounds[1])) if bounds else NOTHING,
        NOTHING if arm.difference is None else f"{arm.difference:+.4f}",
        interval((difference[0], difference[1]), signed=True) if difference else NOTHING,
    ]


def _iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec="milliseconds")
