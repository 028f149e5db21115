"""Why an item is recommended: its score with and without each item of the history.

The effect of an item of the history is the score of the recommended item with the whole history,
minus its score without the events of that item (leave-one-out). The same is done with the user id.
This is a removal-based explanation (Covert, Lundberg and Lee, 2021, "Explaining by Removing: A
Unified Framework for Model Explanation", JMLR 22(209)), which removes one item at a time.

Limits: Effects of single items do not add up. Of two similar items, each may have no effect alone,
because the other one remains; the rest of the score is reported as the joint effect. A removal also
moves the older events closer together, as if the event had never happened. The effects are those
on the score of one item. Removing an event may change the scores of all items, so the rank among
the items of the list is reported, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.serving.client.client import Client, Item
from pipeline.serving.client.recommend_inputs import Request
from pipeline.serving.request_error import invalid
from schemas.features import ITEM_ID


@dataclass(frozen=True)
class ItemEffect:
    """The effect of one item of the history.

    Attributes:
      item_id: The item.
      effect: The score with the whole history, minus the score without this item.
      rank: The rank of the recommended item in the list without this item.
    """

    item_id: str
    effect: float
    rank: int


@dataclass(frozen=True)
class Explanation:
    """The parts of the score of a recommended item, whose sum is the score.

    Attributes:
      score: The score.
      rank: The rank among the items of the list.
      start: The score without a user id and without a history.
      user: The effect of the user id, and of the user's features that the model stores.
      items: The effects of the items of the history, the newest first.
      joint: The rest: effects of several of these together.
      weights: What the weights of the request add.
    """

    score: float
    rank: int
    start: float
    user: float
    items: Sequence[ItemEffect]
    joint: float
    weights: float


def explain(client: Client, request: Request, item: str, shown: Sequence[str]) -> Explanation:
    """Returns the parts of the score of an item.

    All scores are computed in one call of the signature `recommend`, with one row for each distinct
    item of the history. Its input `restrict_item_id` has the items of the list, so that the scores
    are exact, also with an approximate index.

    Args:
      client: The model.
      request: The request with which the item was recommended. Its history should not be longer
        than the model reads; else an older event takes the place of a removed one.
      item: The item.
      shown: The items of the list, among which the item is ranked.

    Raises:
      RequestError: The model does not return the item.
      ServingError: The model cannot be called.
      InputError: The model does not have the inputs of the request.
    """
    distinct = list(dict.fromkeys(reversed([_item_of(event) for event in request.history])))
    candidates = list(dict.fromkeys([item, *shown]))
    whole = replace(
        request, restrict=candidates, k=len(candidates), exclude=(), filters={}, bounds={}
    )
    rows = [
        whole,
        replace(whole, user_id=""),
        replace(whole, user_id="", history=()),
        replace(whole, boosts={}),
        *(_without(whole, removed) for removed in distinct),
    ]
    scored = [_score_and_rank(items, item) for items in client.recommend_all(rows)]
    (score, rank), (without_user, _), (empty, _), (unweighted, _), *without_item = scored
    weights = score - unweighted
    user = score - without_user
    effects = [
        ItemEffect(removed, score - left, left_rank)
        for removed, (left, left_rank) in zip(distinct, without_item, strict=True)
    ]
    start = empty - weights
    joint = score - start - weights - user - sum(effect.effect for effect in effects)
    return Explanation(score, rank, start, user, effects, joint, weights)


def _without(request: Request, removed: str) -> Request:
    return replace(
        request, history=[event for event in request.history if _item_of(event) != removed]
    )


def _item_of(event: Any) -> str:
    return event if isinstance(event, str) else str(event[ITEM_ID])


def _score_and_rank(items: Sequence[Item], item: str) -> tuple[float, int]:
    for rank, found in enumerate(items, start=1):
        if found.item_id == item:
            return found.score, rank
    raise invalid(
        f"{item}: this version does not recommend the item to this user, so that it has no score: "
        "it is not in the catalogue of the version, is unavailable, or is in the history"
    )
