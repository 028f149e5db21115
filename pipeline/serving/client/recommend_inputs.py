"""The inputs of the signature `recommend`, in which everything that is not known is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.serving.client.signature import Signature, TensorInfo
from schemas.errors import InputError
from schemas.features import ITEM_ID, MISSING_TEXT, USER_ID
from schemas.serving import (
    BOOST_PREFIX,
    EXCLUDE_ITEM_ID,
    FILTER_PREFIX,
    HISTORY_PREFIX,
    MAX_SUFFIX,
    MIN_SUFFIX,
    REQUEST_TIMESTAMP,
    RESTRICT_ITEM_ID,
    K,
)

Event = str | Mapping[str, Any]
# The lowest and the highest value; None for no bound.
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Request:
    """A request for recommendations.

    Attributes:
      user_id: Id of the user; it may be unknown to the model.
      history: Events of the user, oldest first: item ids, or mappings from `item_id`, `timestamp`
        (seconds since the epoch, UTC), `event_type`, `value` and context features to values.
      k: Number of items; None for the default of the model.
      exclude: Ids of further items that are not recommended.
      restrict: Ids of the only items that may be recommended; None for all.
      filters: For each category feature of the items, the values of which an item must have one.
      bounds: For each number or time of the items, the lowest and the highest value that an item
        may have; None for no bound.
      boosts: For each number or time of the items, the weight of its standardised value, which is
        added to the scores.
      features: Features of the user and of the context of the request.
      timestamp: Time of the request, in seconds since the epoch, UTC.
    """

    user_id: str = ""
    history: Sequence[Event] = ()
    k: int | None = None
    exclude: Sequence[str] = ()
    restrict: Sequence[str] | None = None
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    boosts: Mapping[str, float] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)
    timestamp: int | None = None


def recommend_inputs(request: Request, signature: Signature) -> dict[str, Any]:
    """Returns every input of the signature, with one row.

    Raises:
      InputError: The signature has no such feature, filter or column of the history.
    """
    given = {**_values(request), **_features(request, signature), **_history(request, signature)}
    unknown = [name for name in given if name not in signature.inputs]
    if unknown:
        raise InputError(
            f"{', '.join(unknown)}: no input of this model; it has {', '.join(signature.inputs)}"
        )
    return {
        name: [given[name] if name in given else _missing(info)]
        for name, info in signature.inputs.items()
    }


def _values(request: Request) -> dict[str, Any]:
    """Returns what is given of the inputs that are neither features nor the history.

    Raises:
      InputError: The list of the only items is empty.
    """
    values: dict[str, Any] = {USER_ID: request.user_id}
    if request.k is not None:
        values[K] = request.k
    if request.timestamp is not None:
        values[REQUEST_TIMESTAMP] = request.timestamp
    if request.exclude:
        values[EXCLUDE_ITEM_ID] = list(request.exclude)
    if request.restrict is not None:
        if not any(request.restrict):
            raise InputError(
                "restrict: contains no item id, which a server would take for no restriction; give "
                "None for all items"
            )
        values[RESTRICT_ITEM_ID] = list(request.restrict)
    for name, accepted in request.filters.items():
        values[FILTER_PREFIX + name] = list(accepted) or [MISSING_TEXT]
    for name, bounds in request.bounds.items():
        for suffix, bound in zip((MIN_SUFFIX, MAX_SUFFIX), bounds, strict=True):
            if bound is not None:
                values[FILTER_PREFIX + name + suffix] = bound
    for name, weight in request.boosts.items():
        values[BOOST_PREFIX + name] = weight
    return values


def _features(request: Request, signature: Signature) -> dict[str, Any]:
    """Returns the features of the user and of the context.

    Raises:
      InputError: One is not a feature of the model.
    """
    others = {USER_ID, K, REQUEST_TIMESTAMP}
    known = [
        name
        for name, info in signature.inputs.items()
        if name not in others and not _is_list(info) and not _is_condition(name, signature)
    ]
    for name in request.features:
        if name not in known:
            raise InputError(
                f"features: {name!r} is no feature of a user or of the context in this model; "
                f"expected one of: {', '.join(known) or 'none'}"
            )
    return dict(request.features)


def _history(request: Request, signature: Signature) -> dict[str, Any]:
    """Returns every column of the history, of the same length.

    Raises:
      InputError: An event has no item, or a column that the model does not have.
    """
    columns = {
        name.removeprefix(HISTORY_PREFIX): info
        for name, info in signature.inputs.items()
        if name.startswith(HISTORY_PREFIX) and _is_list(info)
    }
    events = [{ITEM_ID: event} if isinstance(event, str) else event for event in request.history]
    for number, event in enumerate(events):
        unknown = [column for column in event if column not in columns]
        if unknown or ITEM_ID not in event:
            found = f"unknown: {', '.join(unknown)}" if unknown else f"no {ITEM_ID}"
            others = ", ".join(column for column in columns if column != ITEM_ID)
            raise InputError(
                f"history: event {number}: {found}; expected an item id, or a mapping with "
                f"{ITEM_ID} and any of {others}"
            )
    return {
        HISTORY_PREFIX + column: [event.get(column, info.dtype.missing) for event in events]
        or [info.dtype.missing]
        for column, info in columns.items()
    }


def _is_condition(name: str, signature: Signature) -> bool:
    """Returns whether an input is a bound or a weight of a number of the items.

    A number has three of these inputs. A feature of the user may have one of the names.
    """
    number = name.removeprefix(BOOST_PREFIX)
    if number == name:
        number = name.removeprefix(FILTER_PREFIX).removesuffix(MIN_SUFFIX).removesuffix(MAX_SUFFIX)
    inputs = (
        BOOST_PREFIX + number,
        FILTER_PREFIX + number + MIN_SUFFIX,
        FILTER_PREFIX + number + MAX_SUFFIX,
    )
    return name in inputs and all(other in signature.inputs for other in inputs)


def _is_list(info: TensorInfo) -> bool:
    return info.shape is not None and len(info.shape) > 1


def _missing(info: TensorInfo) -> Any:
    """Returns a row in which nothing is given."""
    return [info.dtype.missing] if _is_list(info) else info.dtype.missing
