"""What the page shows of the answers of models, as JSON values."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from pipeline.explorer.catalogue import Catalogue
from pipeline.explorer.explanation import Explanation, explain
from pipeline.serving.client.client import Client, Item
from pipeline.serving.client.recommend_inputs import Request
from schemas.features import ITEM_ID
from schemas.serving import HISTORY_PREFIX, RECOMMEND


def recommendations(
    client: Client, request: Request, catalogue: Catalogue, max_k: int
) -> dict[str, Any]:
    """Returns the recommended items, and the items of the history that the model does not have.

    Further rows of the same call restrict the answer to the items of the history: the model returns
    those that it knows and that are available.

    Args:
      client: The model.
      request: The request.
      catalogue: The items for people.
      max_k: Maximum number of items in an answer of the model.

    Raises:
      ServingError: The model cannot be called.
      InputError: The model does not have the inputs of the request.
    """
    request = with_known_columns(client, request)
    items = list(dict.fromkeys(event[ITEM_ID] for event in _mappings(request)))
    checks = [
        Request(restrict=items[start : start + max_k], k=max_k)
        for start in range(0, len(items), max_k)
    ]
    found, *known = client.recommend_all([request, *checks])
    available = {item.item_id for row in known for item in row}
    return {
        "items": _scored(found, catalogue),
        "unknown": [catalogue.describe(item) for item in items if item not in available],
    }


def neighbours(client: Client, item: str, catalogue: Catalogue) -> dict[str, Any]:
    """Returns an item and its most similar items; none if the model does not know the item.

    Raises:
      ServingError: The model cannot be called.
    """
    (similar,) = client.similar_items([item])
    return {"item": catalogue.describe(item), "items": _scored(similar, catalogue)}


def explanation(
    client: Client,
    request: Request,
    item: str,
    shown: Sequence[str],
    catalogue: Catalogue,
    max_history: int,
) -> dict[str, Any]:
    """Returns the parts of the score of a recommended item.

    Args:
      client: The model.
      request: The request with which the item was recommended.
      item: The item.
      shown: The items of the list that contains it.
      catalogue: The items for people.
      max_history: The number of events that the model reads, of which the newest are explained.

    Raises:
      RequestError: The model does not return the item.
      ServingError: The model cannot be called.
      InputError: The model does not have the inputs of the request.
    """
    request = with_known_columns(client, request)
    newest = replace(request, history=request.history[-max_history:])
    parts = explain(client, newest, item, shown)
    return {
        **asdict(parts),
        "item": catalogue.describe(item),
        "items": [
            {**catalogue.describe(part.item_id), "effect": part.effect, "rank": part.rank}
            for part in parts.items
        ],
        "unread": max(0, len(request.history) - max_history),
        "share": joint_share(parts),
    }


def joint_share(parts: Explanation) -> float:
    """Returns the joint effect as a share of all effects, by their absolute values."""
    single = abs(parts.user) + sum(abs(part.effect) for part in parts.items)
    total = single + abs(parts.joint)
    return abs(parts.joint) / total if total else 0.0


def with_known_columns(client: Client, request: Request) -> Request:
    """Returns a request whose events have only columns that the model reads.

    The events come from the run, whose versions may have been trained with other columns.

    Raises:
      ServingError: The model cannot be called.
    """
    events = _mappings(request)
    if all(len(event) == 1 for event in events):
        return request
    columns = client.metadata().signatures[RECOMMEND].inputs
    known = [
        {name: value for name, value in event.items() if HISTORY_PREFIX + name in columns}
        for event in events
    ]
    return replace(request, history=known)


def _mappings(request: Request) -> list[dict[str, Any]]:
    return [{ITEM_ID: event} if isinstance(event, str) else {**event} for event in request.history]


def _scored(items: Sequence[Item], catalogue: Catalogue) -> list[dict[str, Any]]:
    return [{**catalogue.describe(item.item_id), "score": item.score} for item in items]
