"""The bodies of the page's requests, and their limits."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.serving.client.recommend_inputs import Request
from pipeline.serving.request_error import RequestError, invalid
from schemas.features import ITEM_ID, TIMESTAMP

# An explanation has fewer rows than a server accepts (`pipeline.serving.limits`).
MAX_HISTORY = 500
MAX_K = 100
MAX_ID = 1000
_MAX_CONDITIONS = 100

Text = Annotated[str, Field(max_length=MAX_ID)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
Name = Annotated[str, Field(max_length=200)]
Integer = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Event = Annotated[dict[Name, Text | Integer | float], Field(max_length=_MAX_CONDITIONS)]
Body = TypeVar("Body", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class SimilarBody(_Body):
    """The item whose neighbours the page shows.

    Attributes:
      model: Key of the model.
      item_id: The item.
    """

    model: Annotated[str, Field(max_length=20)]
    item_id: Id


class RecommendBody(_Body):
    """A request for recommendations.

    Attributes:
      model: Key of the model.
      user: User id, "" for an unknown user.
      history: Events, oldest first.
      k: Number of items.
      exclude: Items that are not recommended.
      filters: For categories of the items, the values of which an item must have one.
      bounds: For numbers of the items, the lowest and the highest value, null for no bound.
      boosts: For numbers of the items, their weight.
    """

    model: Annotated[str, Field(max_length=20)]
    user: Text = ""
    history: Annotated[list[Event], Field(max_length=MAX_HISTORY)] = []
    k: Annotated[int, Field(ge=1, le=MAX_K)] = 10
    exclude: Annotated[list[Id], Field(max_length=MAX_HISTORY)] = []
    filters: Annotated[
        dict[Name, Annotated[list[Id], Field(max_length=_MAX_CONDITIONS)]],
        Field(max_length=_MAX_CONDITIONS),
    ] = {}
    bounds: Annotated[
        dict[Name, Annotated[list[Integer | float | None], Field(min_length=2, max_length=2)]],
        Field(max_length=_MAX_CONDITIONS),
    ] = {}
    boosts: Annotated[dict[Name, float], Field(max_length=_MAX_CONDITIONS)] = {}

    @field_validator("history")
    @classmethod
    def _check_items(cls, history: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for number, event in enumerate(history):
            if not isinstance(event.get(ITEM_ID), str) or not event[ITEM_ID]:
                raise ValueError(f"event {number}: expected a mapping with {ITEM_ID}")
        return history

    def request(self) -> Request:
        """Returns the request for a model.

        It is sent at the time of the newest event. Events without a time, which were added on the
        page, get this time, too.
        """
        times = [event[TIMESTAMP] for event in self.history if TIMESTAMP in event]
        now = max((time for time in times if isinstance(time, int)), default=None)
        added = {} if now is None else {TIMESTAMP: now}
        return Request(
            user_id=self.user,
            history=[{**added, **event} for event in self.history],
            k=self.k,
            exclude=self.exclude,
            filters={name: values for name, values in self.filters.items() if values},
            bounds={name: (low, high) for name, (low, high) in self.bounds.items()},
            boosts=self.boosts,
            timestamp=now,
        )


class ExplainBody(RecommendBody):
    """A request for the explanation of a recommended item.

    Attributes:
      item_id: The item.
      shown: The items of the list that contains it.
    """

    item_id: Id
    shown: Annotated[list[Id], Field(max_length=MAX_K)] = []


def parse_body(body: bytes, kind: type[Body]) -> Body:
    """Returns the body of a request.

    Raises:
      RequestError: It is not JSON, or not of this kind. The message names the key.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise _refused(error) from error


def _refused(error: ValidationError) -> RequestError:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return invalid(f"{place}: {first['msg']}" if place else first["msg"])
