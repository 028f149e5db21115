"""Units of time, and the closed set of reasons why a record is rejected."""

from dataclasses import dataclass
from enum import Enum

MILLISECONDS_PER_SECOND = 1_000
MICROSECONDS_PER_SECOND = 1_000_000
SECONDS_PER_DAY = 86_400


class RejectReason(str, Enum):
    """Why a record did not become an event. Every rejected record carries exactly one."""

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
    def is_dirt(self) -> bool:
        """Whether the record was unfit, rather than left out by choice."""
        return self not in _LEFT_OUT_BY_CHOICE


_LEFT_OUT_BY_CHOICE = frozenset(
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
    """A rejected record, as it stands in `rejects` (gzipped JSON lines).

    Attributes:
      file: The file it was read from.
      line: Its 1-based line or row number.
      reason: One of the closed set.
      detail: What was got and what was expected, for a person.
      raw: The record as it was read; as JSON of what was read of it where its format has no text.
      is_parsed: Whether `raw` holds the parsed fields, as JSON, in place of the record: the record
        of an event that is rejected after parsing is looked up last, and a query's not at all.
    """

    file: str
    line: int
    reason: RejectReason
    detail: str
    raw: str
    is_parsed: bool = False
