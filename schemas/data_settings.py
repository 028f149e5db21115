"""Settings of the three sources: the interaction log, the catalogue and the users file."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.setting_doc import Doc
from schemas.source_settings import (
    FORBID_UNKNOWN_KEYS,
    FeatureSettings,
    NonEmptyText,
    PositiveInt,
    SourceSettings,
    TextOrDigits,
    TimestampUnit,
    as_columns,
)

Columns = Annotated[tuple[NonEmptyText, ...], Field(min_length=1)]


_TIMESTAMP_UNIT = Doc(
    "Unit of the timestamps: seconds, milliseconds, microseconds or nanoseconds since the epoch, "
    "or ISO 8601 text, which is UTC unless it states an offset.",
    example="ms",
)
_TIMESTAMP_FORMAT = Doc(
    "Format of timestamps in other text, in place of `timestamp_unit`: directives of strptime, or "
    "`apache` (31/May/2024:18:30:05 +0000), `ctime` (Fri May 31 18:30:05 2024), `rfc2822` (Fri, 31 "
    "May 2024 18:30:05 +0000) or `twitter` (Fri May 31 18:30:05 +0000 2024).",
    example="%d/%m/%Y %H:%M",
)
# In place of a column of times: the rows of each user are in order of time.
ROW_ORDER = "row_order"


@dataclass(frozen=True, kw_only=True)
class InteractionFields:
    """Which column of the log holds which field of an event."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_id: Annotated[str, Doc("Column of the user's id.", example="customer")]
    item_id: Annotated[str, Doc("Column of the item's id.", example="sku")]
    timestamp: Annotated[
        NonEmptyText | Columns,
        Doc(
            "Column of the time of the event. A list of columns, such as a date and a time, is "
            "joined by spaces. `row_order`: the log has no times, but the rows of each user are in "
            "order of time; this excludes a temporal split.",
            example="time",
        ),
    ]
    event_type: Annotated[
        str | None,
        Doc("Column of the event type, e.g. view or purchase.", example="action", default="none"),
    ] = None
    value: Annotated[
        str | None,
        Doc(
            "Column of a number that belongs to the event: a rating, a price or a duration.",
            example="amount",
            default="none",
        ),
    ] = None
    event_id: Annotated[
        str | None,
        Doc(
            "Column of the event's own id, by which duplicates are found.",
            example="event_id",
            default="none",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class KeepSettings:
    """Which valid events are kept. Minimum counts are taken on the train split."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    event_types: Annotated[
        tuple[TextOrDigits, ...] | None,
        Doc("Event types that are kept.", example=["view", "purchase"], default="all"),
    ] = None
    min_value: Annotated[
        float | None,
        Doc("Events with a smaller value are left out.", example=4.0, default="no minimum"),
    ] = None
    min_user_events: Annotated[
        PositiveInt,
        Doc("Users with fewer events in the train split are left out.", unit="events", example=2),
    ] = 1
    min_item_events: Annotated[
        PositiveInt,
        Doc("Items with fewer events in the train split are left out.", unit="events", example=5),
    ] = 1
    max_user_events: Annotated[
        PositiveInt | None,
        Doc(
            "Largest number of events of a user in each split. Train keeps the newest ones before "
            "eval begins; eval and test keep their first ones. Histories have at most this length.",
            unit="events",
            example=1000,
            default="no maximum",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RateLimitSettings:
    """A limit on the events of one user in one calendar period (UTC)."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    events: Annotated[
        PositiveInt,
        Doc(
            "A user with more events in a period is taken for a bot: all events of the user in "
            "that period are rejected.",
            unit="events",
            example=1000,
        ),
    ]
    per: Annotated[
        Literal["minute", "hour", "day"], Doc("The calendar period, in UTC.", example="hour")
    ] = "day"


@dataclass(frozen=True, kw_only=True)
class RejectRulesSettings:
    """Which readable events are rejected as impossible; each rule can be switched off."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    duplicates: Annotated[
        bool,
        Doc(
            "Rejects events that repeat an earlier one of the same user: by `event_id` if there is "
            "one, else by item, time and type.",
            example=False,
        ),
    ] = True
    future: Annotated[
        bool, Doc("Rejects events later than the start of the run.", example=False)
    ] = True
    earliest: Annotated[
        str | None,
        Doc(
            "Events before this instant (ISO 8601) are rejected as late.",
            example="2020-01-01",
            default="no limit",
        ),
    ] = None
    user_rate_limit: Annotated[
        RateLimitSettings | None,
        Doc(
            "Largest number of events of one user in one period.",
            example={"events": 1000, "per": "day"},
            default="no limit",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class InteractionsSettings(SourceSettings):
    """The interaction log: files, layout, fields, and which events are kept."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    fields: Annotated[
        InteractionFields,
        Doc(
            "Which column holds which field.",
            example={"user_id": "customer", "item_id": "sku", "timestamp": "time"},
        ),
    ]
    timestamp_unit: Annotated[TimestampUnit, _TIMESTAMP_UNIT] = "s"
    timestamp_format: Annotated[str | None, _TIMESTAMP_FORMAT] = None
    context: Annotated[
        dict[str, FeatureSettings],
        Doc(
            "Columns that are known when a request arrives, as features of the query.",
            example={"device": "category"},
        ),
    ] = field(default_factory=dict)
    reject: Annotated[
        RejectRulesSettings,
        Doc("Which readable events are rejected as impossible.", example={"future": False}),
    ] = field(default_factory=RejectRulesSettings)
    keep: Annotated[
        KeepSettings, Doc("Which valid events are kept.", example={"min_user_events": 2})
    ] = field(default_factory=KeepSettings)

    @property
    def has_row_order(self) -> bool:
        """Whether the order of the rows replaces the times of the events."""
        return self.fields.timestamp == ROW_ORDER

    @property
    def timestamp_columns(self) -> tuple[str, ...]:
        """The columns whose texts together are the time; none if the order of rows replaces it."""
        return () if self.has_row_order else as_columns(self.fields.timestamp)


@dataclass(frozen=True, kw_only=True)
class ItemFields:
    """Which column of the catalogue holds which field of an item."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    item_id: Annotated[str, Doc("Column of the item's id.", example="sku")]
    available_at: Annotated[
        NonEmptyText | Columns | None,
        Doc(
            "Column of the time from which the item exists. An item is not a negative of an "
            "earlier target. A list of columns is joined by spaces.",
            example="listed_at",
            default="none",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ItemsSettings(SourceSettings):
    """The item catalogue. Without this section the items of the log are the catalogue."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    fields: Annotated[
        ItemFields, Doc("Which column holds which field.", example={"item_id": "sku"})
    ]
    timestamp_unit: Annotated[TimestampUnit, _TIMESTAMP_UNIT] = "s"
    timestamp_format: Annotated[str | None, _TIMESTAMP_FORMAT] = None
    features: Annotated[
        dict[str, FeatureSettings],
        Doc("Features of the items.", example={"title": "text", "price": "number"}),
    ] = field(default_factory=dict)
    unknown: Annotated[
        Literal["strict", "accept"],
        Doc(
            "What happens to events on items that are not in the catalogue. `strict` rejects the "
            "events. `accept` adds the items to the catalogue, without features.",
            example="accept",
        ),
    ] = "strict"
    never_logged: Annotated[
        Literal["strict", "accept"],
        Doc(
            "What happens to items without a readable event. `accept` keeps them as candidates. "
            "`strict` rejects them.",
            example="strict",
        ),
    ] = "accept"


@dataclass(frozen=True, kw_only=True)
class UserFields:
    """Which column of the users file holds the user's id."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_id: Annotated[str, Doc("Column of the user's id.", example="customer")]


@dataclass(frozen=True, kw_only=True)
class UsersSettings(SourceSettings):
    """The users file: features of the users."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    fields: Annotated[
        UserFields, Doc("Which column holds which field.", example={"user_id": "customer"})
    ]
    features: Annotated[
        dict[str, FeatureSettings],
        Doc("Features of the users.", example={"country": "category", "age": "number"}),
    ] = field(default_factory=dict)
