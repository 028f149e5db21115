"""The sections of the configuration that say what the log, the catalogue and the users are.

Plain frozen dataclasses: `pipeline.config` validates a YAML file into them once, and components
receive them as canonical JSON (`schemas.settings`). Constraints stand in the annotations.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

FORBID_UNKNOWN_KEYS = ConfigDict(extra="forbid")

SourceFormat = Literal["csv", "jsonl", "parquet"]
TimestampUnit = Literal["s", "ms", "us", "iso8601"]
PositiveInt = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class FeatureKind(str, Enum):
    """How a column becomes a feature."""

    TEXT = "text"
    CATEGORY = "category"
    CATEGORIES = "categories"
    NUMBER = "number"


@dataclass(frozen=True, kw_only=True)
class FeatureSettings:
    """One declared feature: `title: text` or `genres: {kind: categories, separator: "|"}`.

    `column` is the name in the file where it differs from the feature's own.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    kind: FeatureKind
    separator: Annotated[str, Field(min_length=1)] = "|"
    column: str | None = None


@dataclass(frozen=True, kw_only=True)
class CsvSettings:
    """How delimited text is laid out; `header` only where the file has none."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    delimiter: Annotated[str, Field(min_length=1)] = ","
    header: tuple[str, ...] | None = None
    encoding: str = "utf-8"


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
    max_user_events_per_day: PositiveInt | None = None


@dataclass(frozen=True, kw_only=True)
class InteractionsSettings:
    """The interaction log: files, layout, fields, and what of it is kept."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    path: str | tuple[str, ...]
    format: SourceFormat
    fields: InteractionFields
    csv: CsvSettings = field(default_factory=CsvSettings)
    timestamp_unit: TimestampUnit = "s"
    context: dict[str, FeatureSettings] = field(default_factory=dict)
    keep: KeepSettings = field(default_factory=KeepSettings)
    max_reject_fraction: Fraction = 0.1


@dataclass(frozen=True, kw_only=True)
class ItemFields:
    """Which column of the catalogue holds which field of an item."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    item_id: str
    available_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class ItemsSettings:
    """The item catalogue.

    `unknown` says what happens to events on items the catalogue lacks: `strict` refuses them,
    `accept` adds the items, without content, to the catalogue.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    path: str | tuple[str, ...]
    format: SourceFormat
    fields: ItemFields
    csv: CsvSettings = field(default_factory=CsvSettings)
    timestamp_unit: TimestampUnit = "s"
    features: dict[str, FeatureSettings] = field(default_factory=dict)
    unknown: Literal["strict", "accept"] = "strict"
    max_reject_fraction: Fraction = 0.1


@dataclass(frozen=True, kw_only=True)
class UserFields:
    """Which column of the users file holds the user's id."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    user_id: str


@dataclass(frozen=True, kw_only=True)
class UsersSettings:
    """The users file: features that travel with a user's windows."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    path: str | tuple[str, ...]
    format: SourceFormat
    fields: UserFields
    csv: CsvSettings = field(default_factory=CsvSettings)
    features: dict[str, FeatureSettings] = field(default_factory=dict)
    max_reject_fraction: Fraction = 0.1


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
