"""The sections of the configuration that say what the log, the catalogue and the users are."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.source_settings import (
    FORBID_UNKNOWN_KEYS,
    FeatureSettings,
    PositiveInt,
    SourceSettings,
    TextOrDigits,
    TimestampUnit,
)

Id = TextOrDigits


@dataclass(frozen=True, kw_only=True)
class InteractionFields:
    """Which column of the log holds which field of an event."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_id: str
    item_id: str
    timestamp: str
    event_type: str | None = None
    value: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeepSettings:
    """Which valid events are worth keeping. Minimum counts are counted on the train split."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    event_types: tuple[str, ...] | None = None
    min_value: float | None = None
    min_user_events: PositiveInt = 1
    min_item_events: PositiveInt = 1
    max_user_events: PositiveInt | None = None


@dataclass(frozen=True, kw_only=True)
class RateLimitSettings:
    """More than `events` of one user in one calendar minute, hour or day (UTC) are a bot's."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    events: PositiveInt
    per: Literal["minute", "hour", "day"] = "day"


@dataclass(frozen=True, kw_only=True)
class RejectRulesSettings:
    """Which readable events are rejected as impossible; each rule can be switched off.

    Attributes:
      duplicates: Repeats, within one user, of an event_id, else of item, time and type; the
        first stays.
      future: Events later than the start of the run.
      earliest: The horizon, as ISO 8601: events before it are rejected as late.
      user_rate_limit: All events of a user in a period that has more of them.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    duplicates: bool = True
    future: bool = True
    earliest: str | None = None
    user_rate_limit: RateLimitSettings | None = None


@dataclass(frozen=True, kw_only=True)
class InteractionsSettings(SourceSettings):
    """The interaction log: files, layout, fields, and what of it is kept."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    fields: InteractionFields
    timestamp_unit: TimestampUnit = "s"
    context: dict[str, FeatureSettings] = field(default_factory=dict)
    reject: RejectRulesSettings = field(default_factory=RejectRulesSettings)
    keep: KeepSettings = field(default_factory=KeepSettings)


@dataclass(frozen=True, kw_only=True)
class ItemFields:
    """Which column of the catalogue holds which field of an item."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    item_id: str
    available_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class ItemsSettings(SourceSettings):
    """The item catalogue.

    `unknown` says what happens to events on items the catalogue lacks: `strict` rejects them,
    `accept` adds the items, without content, to the catalogue. `never_logged` says what happens to
    items without a readable event: `accept` keeps them as candidates, `strict` rejects them.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    fields: ItemFields
    timestamp_unit: TimestampUnit = "s"
    features: dict[str, FeatureSettings] = field(default_factory=dict)
    unknown: Literal["strict", "accept"] = "strict"
    never_logged: Literal["strict", "accept"] = "accept"


@dataclass(frozen=True, kw_only=True)
class UserFields:
    """Which column of the users file holds the user's id."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_id: str


@dataclass(frozen=True, kw_only=True)
class UsersSettings(SourceSettings):
    """The users file: features that travel with a user's windows."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    fields: UserFields
    features: dict[str, FeatureSettings] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RejectsSettings:
    """How much of a rejected record its entry in `rejects` shows.

    Without `raw`, neither the record nor the detail, which quotes values, is written: the reason
    and the place in the file remain.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    raw: bool = True
    max_raw_characters: PositiveInt = 1_000


@dataclass(frozen=True, kw_only=True)
class EraseSettings:
    """Users and items whose every record is dropped at ingestion, counted as `erased` and nowhere
    shown: ids in the configuration, or text files of one id a line.

    Ids that stand in the configuration also stand in the parameters of the two ingesting
    components, which ML Metadata, the log of the run and a compiled pipeline keep; those of a file
    do not.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_ids: tuple[Id, ...] = ()
    item_ids: tuple[Id, ...] = ()
    user_ids_path: str | None = None
    item_ids_path: str | None = None

    def __bool__(self) -> bool:
        return bool(self.user_ids or self.item_ids or self.user_ids_path or self.item_ids_path)


@dataclass(frozen=True, kw_only=True)
class TargetsSettings:
    """Which event types are positives, and how much one weighs; the others are history only."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    event_types: tuple[str, ...] | None = None
    weights: dict[str, Annotated[float, Field(gt=0)]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """How train, eval and test are told apart.

    `temporal` cuts by event time, at fractions of the events or at given instants (ISO 8601, UTC
    unless they say otherwise). `leave_one_out` takes each user's last event for test and the one
    before for eval; it leaks across users and exists to compare with papers.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    policy: Literal["temporal", "leave_one_out"] = "temporal"
    eval_fraction: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.1
    test_fraction: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.1
    eval_start: str | None = None
    test_start: str | None = None


@dataclass(frozen=True, kw_only=True)
class HistorySettings:
    """How many past events a query sees at most."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    max_length: Annotated[int, Field(ge=2, le=1000)] = 100
