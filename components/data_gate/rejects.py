"""The gates on rejected records: one on the total, and one for each reason with its own limit."""

from collections.abc import Mapping

from components.gate import GateResult
from schemas.events import RejectReason
from schemas.source_settings import SourceSettings

# By section of the configuration that owns the limits.
TOTALS = {
    "interactions": "data.interaction_reject_fraction",
    "users": "data.user_reject_fraction",
    "items": "data.catalogue_reject_fraction",
}

_CURES = {
    RejectReason.UNPARSEABLE: "check `format`, and `csv` where that is the format",
    RejectReason.MISSING_FIELD: "check `fields`",
    RejectReason.BAD_TIMESTAMP: "check `timestamp_unit`",
    RejectReason.BAD_VALUE: "check the kinds of the features",
    RejectReason.DAMAGED_FILE: "fetch the damaged files again",
    RejectReason.FUTURE_TIMESTAMP: "check `timestamp_unit` and the clocks behind the log",
    RejectReason.LATE: "check `interactions.reject.earliest`",
    RejectReason.DUPLICATE: "find out what writes records twice",
    RejectReason.UNKNOWN_ITEM: "complete the item files, or set `items.unknown: accept`",
    RejectReason.OVER_RATE_LIMIT: "check `interactions.reject.user_rate_limit`",
    RejectReason.ERASED: "check the ids under `erase`",
    RejectReason.NEVER_LOGGED: "give a longer log, or set `items.never_logged: accept`",
}
_LEFT_OUT_CURE = "check `interactions.keep`"


def reject_gates(
    section: str, settings: SourceSettings, read: int, rejects: Mapping[str, int]
) -> list[GateResult]:
    """Limits the share of rejected records of one source.

    Args:
      section: The section of the configuration that owns the limits: `interactions`, `users` or
        `items`.
      settings: That section.
      read: How many records were read.
      rejects: How many were rejected, by `RejectReason`.

    Returns:
      First the gate on the total of unfit records, without those of a reason that has a limit of
      its own and without those left out by choice; then one gate for each such reason, in the
      order of `RejectReason`. The value of each is a share of what was read.

    Raises:
      ValueError: A reason is not one of the closed set.
    """
    counts = {RejectReason(reason): count for reason, count in rejects.items()}
    limits = settings.reject_limits
    unfit = {r: n for r, n in counts.items() if r.is_dirt and r not in limits}
    total = _total_gate(section, settings.max_reject_fraction, read, unfit)
    alone = [
        _reason_gate(section, reason, limits[reason], read, counts.get(reason, 0))
        for reason in RejectReason
        if reason in limits
    ]
    return [total, *alone]


def _total_gate(
    section: str, limit: float, read: int, unfit: Mapping[RejectReason, int]
) -> GateResult:
    total = sum(unfit.values())
    fraction = total / read if read else 0.0
    largest_first = sorted(unfit.items(), key=lambda entry: (-entry[1], entry[0].value))
    reasons = ", ".join(f"{reason.value} {count:,}" for reason, count in largest_first if count)
    found = f"{total:,} of {read:,} records are unfit" + (f" ({reasons})" if reasons else "")
    cure = (
        "look into rejects/, then correct the files or the "
        f"`{section}` settings, or raise {section}.max_reject_fraction"
    )
    return _gate(TOTALS[section], found, fraction, limit, cure)


def _reason_gate(
    section: str, reason: RejectReason, limit: float, read: int, count: int
) -> GateResult:
    fraction = count / read if read else 0.0
    found = f"{count:,} of {read:,} records were rejected as {reason.value}"
    cure = (
        f"look into rejects/, {_CURES.get(reason, _LEFT_OUT_CURE)}, or raise "
        f"{section}.reject_limits.{reason.value}"
    )
    return _gate(f"{TOTALS[section]}.{reason.value}", found, fraction, limit, cure)


def _gate(name: str, found: str, fraction: float, limit: float, cure: str) -> GateResult:
    passed = fraction <= limit
    allowed = f"at most {_percent(limit)} allowed" if limit else "not a single one allowed"
    reason = f"{found}: {_percent(fraction)}, {allowed}" + ("" if passed else f"; {cure}")
    return GateResult(name, passed, fraction, limit, reason)


def _percent(fraction: float) -> str:
    """To four significant digits: one record in a million is not "0.00%"."""
    return f"{100 * fraction:.4g}%"
