"""Settings of the data: the interaction log, the catalogue, the users file, targets and splits."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.setting_doc import Doc
from schemas.source_settings import (
    FORBID_UNKNOWN_KEYS,
    FeatureSettings,
    NonEmptyText,
    PositiveFloat,
    PositiveInt,
    SourceSettings,
    TextOrDigits,
    TimestampUnit,
)

Id = TextOrDigits
Columns = Annotated[tuple[NonEmptyText, ...], Field(min_length=1)]


def as_columns(field: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Returns the columns of a field of a source; none if the source does not have it."""
    if field is None:
        return ()
    return (field,) if isinstance(field, str) else field


FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
SplitFraction = Annotated[float, Field(gt=0.0, lt=0.5)]

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


@dataclass(frozen=True, kw_only=True)
class RejectsSettings:
    """How much of a rejected record its entry in `rejects/` shows."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    raw: Annotated[
        bool,
        Doc(
            "Whether the entry holds the record and the detail, which quotes values. Without them "
            "the reason and the place in the file remain.",
            example=False,
        ),
    ] = True
    max_raw_characters: Annotated[
        PositiveInt,
        Doc("A longer record is cut to this length.", unit="characters", example=200),
    ] = 1_000


@dataclass(frozen=True, kw_only=True)
class EraseSettings:
    """Users and items whose records are all dropped at ingestion.

    The records are counted as `erased` and appear nowhere else. Ids in the configuration are also
    parameters of the two ingesting components, which ML Metadata, the log of the run and a
    compiled pipeline keep; ids in a file are not.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_ids: Annotated[tuple[Id, ...], Doc("Ids of users.", example=["u17"])] = ()
    item_ids: Annotated[tuple[Id, ...], Doc("Ids of items.", example=["sku-9"])] = ()
    user_ids_path: Annotated[
        str | None,
        Doc("Text file with one user id per line.", example="erase/users.txt", default="none"),
    ] = None
    item_ids_path: Annotated[
        str | None,
        Doc("Text file with one item id per line.", example="erase/items.txt", default="none"),
    ] = None

    def __bool__(self) -> bool:
        return bool(self.user_ids or self.item_ids or self.user_ids_path or self.item_ids_path)


@dataclass(frozen=True, kw_only=True)
class NegativeSettings:
    """Which events are explicit negative feedback: at least one of the keys is given."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    event_types: Annotated[
        tuple[TextOrDigits, ...] | None,
        Doc(
            "Event types that are negative feedback. With `max_value`, only their events up to "
            "that value.",
            example=["dislike", "return"],
            default="all, up to `max_value`",
        ),
    ] = None
    max_value: Annotated[
        FiniteFloat | None,
        Doc(
            "Events with this value or a smaller one are negative feedback.",
            example=2.0,
            default="any value",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class TargetsSettings:
    """Which events are training and evaluation targets; other events are history only."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    event_types: Annotated[
        tuple[TextOrDigits, ...] | None,
        Doc("Event types that are targets.", example=["purchase", "cart"], default="all"),
    ] = None
    weights: Annotated[
        dict[TextOrDigits, PositiveFloat],
        Doc(
            "Weight of a target in the loss, by event type.",
            example={"purchase": 3.0},
            default="1 for each event type",
        ),
    ] = field(default_factory=dict)
    negative: Annotated[
        NegativeSettings | None,
        Doc(
            "Events that are explicit negative feedback, such as dislikes, low ratings and "
            "returns: history, but never a target; their items are not recommended to the user "
            "again.",
            example={"event_types": ["dislike"]},
            default="no event",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """How train, eval and test are separated."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    policy: Annotated[
        Literal["temporal", "leave_one_out"],
        Doc(
            "`temporal` cuts by event time, at fractions of the events or at given instants. "
            "`leave_one_out` takes the last event of each user for test and the one before it for "
            "eval; it leaks future events of other users and exists to compare with papers.",
            example="leave_one_out",
        ),
    ] = "temporal"
    eval_fraction: Annotated[SplitFraction, Doc("Share of the events in eval.", example=0.05)] = 0.1
    test_fraction: Annotated[SplitFraction, Doc("Share of the events in test.", example=0.05)] = 0.1
    eval_start: Annotated[
        str | None,
        Doc(
            "Instant (ISO 8601) of the first eval event, with `test_start` in place of the "
            "fractions.",
            example="2024-05-01",
            default="by eval_fraction",
        ),
    ] = None
    test_start: Annotated[
        str | None,
        Doc(
            "Instant (ISO 8601) of the first test event, with `eval_start` in place of the "
            "fractions.",
            example="2024-06-01",
            default="by test_fraction",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class HistorySettings:
    """The history that a query contains."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    max_length: Annotated[
        Annotated[int, Field(ge=2, le=1000)],
        Doc("Largest number of past events of a query.", unit="events", example=50),
    ] = 100
