"""Settings of the targets: which events are targets, how they are split, and their histories."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from schemas.setting_doc import Doc
from schemas.source_settings import (
    FORBID_UNKNOWN_KEYS,
    PositiveFloat,
    TextOrDigits,
)

FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
SplitFraction = Annotated[float, Field(gt=0.0, lt=0.5)]


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
