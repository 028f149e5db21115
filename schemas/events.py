"""Units of time, the reasons for which a record is rejected, and the rejected record."""

from dataclasses import dataclass
from enum import Enum

MILLISECONDS_PER_SECOND = 1_000
MICROSECONDS_PER_SECOND = 1_000_000
SECONDS_PER_DAY = 86_400


class RejectReason(str, Enum):
    """The closed set of reasons for which a record is rejected; each record has exactly one."""

    UNPARSEABLE = "unparseable"
    MISSING_FIELD = "missing_field"
    BAD_TIMESTAMP = "bad_timestamp"
    BAD_VALUE = "bad_value"
    DAMAGED_FILE = "damaged_file"
    FUTURE_TIMESTAMP = "future_timestamp"
    LATE = "late"
    DUPLICATE = "duplicate"
    UNKNOWN_ITEM = "unknown_item"
    OVER_RATE_LIMIT = "over_rate_limit"
    ERASED = "erased"
    NEVER_LOGGED = "never_logged"
    EVENT_TYPE_NOT_KEPT = "event_type_not_kept"
    VALUE_BELOW_MINIMUM = "value_below_minimum"
    TOO_FEW_USER_EVENTS = "too_few_user_events"
    TOO_FEW_ITEM_EVENTS = "too_few_item_events"
    OVER_USER_CAP = "over_user_cap"

    @property
    def is_invalid(self) -> bool:
        """Whether the record is invalid, rather than excluded by the configuration."""
        return self not in _EXCLUDED


_EXCLUDED = frozenset(
    {
        RejectReason.ERASED,
        RejectReason.NEVER_LOGGED,
        RejectReason.EVENT_TYPE_NOT_KEPT,
        RejectReason.VALUE_BELOW_MINIMUM,
        RejectReason.TOO_FEW_USER_EVENTS,
        RejectReason.TOO_FEW_ITEM_EVENTS,
        RejectReason.OVER_USER_CAP,
    }
)


@dataclass(frozen=True)
class Reject:
    """A rejected record, as written to `rejects` (gzipped JSON lines).

    Attributes:
      file: The file that contains the record.
      line: The 1-based line or row number of the record.
      reason: The reason of the rejection.
      detail: The value found and the value expected, as text.
      raw: The record as it was read; JSON of the values that were read where its format is binary.
      is_parsed: Whether `raw` holds the parsed fields as JSON in place of the original record.
        Events that are rejected after parsing start this way, and their records are looked up
        last; the records of a query cannot be looked up.
    """

    file: str
    line: int
    reason: RejectReason
    detail: str
    raw: str
    is_parsed: bool = False
