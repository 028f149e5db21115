"""The gates on rejected records: one for the total, and one per reason that has its own limit."""

import math
from collections.abc import Mapping, Sequence

from components.gate import GateResult
from schemas.events import RejectReason
from schemas.source_settings import SourceSettings

# Names of the gates on the total, by the section of the configuration that sets the limits.
TOTAL_GATES = {
    "interactions": "data.interaction_reject_fraction",
    "users": "data.user_reject_fraction",
    "items": "data.catalogue_reject_fraction",
}

_REMEDIES = {
    RejectReason.UNPARSEABLE: "check `format`, and `csv` if the format is CSV",
    RejectReason.MISSING_FIELD: "check `fields`",
    RejectReason.BAD_TIMESTAMP: "check `timestamp_unit` or `timestamp_format`",
    RejectReason.BAD_VALUE: "check the kinds of the features",
    RejectReason.DAMAGED_FILE: "fetch the damaged files again",
    RejectReason.FUTURE_TIMESTAMP: "check `timestamp_unit` and the clocks of the logging systems",
    RejectReason.LATE: "check `interactions.reject.earliest`",
    RejectReason.DUPLICATE: "find out why records are written twice",
    RejectReason.UNKNOWN_ITEM: "complete the item files, or set `items.unknown: accept`",
    RejectReason.OVER_RATE_LIMIT: "check `interactions.reject.user_rate_limit`",
    RejectReason.ERASED: "check the ids under `erase`",
    RejectReason.NEVER_LOGGED: "provide a longer log, or set `items.never_logged: accept`",
}
# Records that a correct log may contain, such as purchases without a customer.
_POSSIBLY_EXPECTED = {
    RejectReason.MISSING_FIELD,
    RejectReason.LATE,
    RejectReason.DUPLICATE,
    RejectReason.UNKNOWN_ITEM,
    RejectReason.OVER_RATE_LIMIT,
}
_KEEP_REMEDY = "check `interactions.keep`"


def reject_gates(
    section: str, settings: SourceSettings, read: int, rejects: Mapping[str, int]
) -> list[GateResult]:
    """Limits the share of rejected records of one source.

    Args:
      section: The section of the configuration that sets the limits: `interactions`, `users` or
        `items`.
      settings: That section.
      read: Number of records read.
      rejects: Number of rejected records by `RejectReason`.

    Returns:
      The gate on the total of invalid records, followed by one gate per reason with its own limit,
      in the order of `RejectReason`. The total does not include records that the configuration
      excludes or whose reason has its own limit. The value of each gate is a share of the records
      read.

    Raises:
      ValueError: A reason is not a `RejectReason`.
    """
    counts = {RejectReason(reason): count for reason, count in rejects.items()}
    limits = settings.reject_limits
    invalid = {r: n for r, n in counts.items() if r.is_invalid and r not in limits}
    total_gate = _total_gate(section, settings.max_reject_fraction, read, invalid)
    gates_by_reason = [
        _reason_gate(section, reason, limits[reason], read, counts.get(reason, 0))
        for reason in RejectReason
        if reason in limits
    ]
    return [total_gate, *gates_by_reason]


def _total_gate(
    section: str, limit: float, read: int, invalid: Mapping[RejectReason, int]
) -> GateResult:
    total = sum(invalid.values())
    fraction = total / read if read else 0.0
    largest_first = sorted(invalid.items(), key=lambda entry: (-entry[1], entry[0].value))
    reasons = ", ".join(f"{reason.value} {count:,}" for reason, count in largest_first if count)
    finding = f"{total:,} of {read:,} records were rejected as invalid"
    finding += f" ({reasons})" if reasons else ""
    remedy = (
        f"check the records in rejects/, then correct the files or the `{section}` settings, "
        f"{_own_limit(section, limit, read, largest_first)}or raise {section}.max_reject_fraction"
    )
    return _gate(TOTAL_GATES[section], finding, fraction, limit, remedy)


def _own_limit(
    section: str, limit: float, read: int, largest_first: Sequence[tuple[RejectReason, int]]
) -> str:
    """Returns a text that proposes a limit for the most frequent reason, if that is sufficient."""
    if not largest_first or sum(count for _, count in largest_first[1:]) > limit * read:
        return ""
    reason, count = largest_first[0]
    if reason not in _POSSIBLY_EXPECTED or not count:
        return ""
    own_limit = math.ceil(100 * count / read) / 100
    return (
        f"or, if these {reason.value} records are expected, give them a limit of their own "
        f"({section}.reject_limits: {{{reason.value}: {own_limit:g}}}), "
    )


def _reason_gate(
    section: str, reason: RejectReason, limit: float, read: int, count: int
) -> GateResult:
    fraction = count / read if read else 0.0
    finding = f"{count:,} of {read:,} records were rejected as {reason.value}"
    remedy = (
        f"check the records in rejects/, {_REMEDIES.get(reason, _KEEP_REMEDY)}, or raise "
        f"{section}.reject_limits.{reason.value}"
    )
    return _gate(f"{TOTAL_GATES[section]}.{reason.value}", finding, fraction, limit, remedy)


def _gate(name: str, finding: str, fraction: float, limit: float, remedy: str) -> GateResult:
    passed = fraction <= limit
    allowed = f"at most {_percent(limit)} allowed" if limit else "none allowed"
    reason = f"{finding}: {_percent(fraction)}, {allowed}" + ("" if passed else f"; {remedy}")
    return GateResult(name, passed, fraction, limit, reason)


def _percent(fraction: float) -> str:
    """Formats with four significant digits, so that one record in a million is not "0.00%"."""
    return f"{100 * fraction:.4g}%"
