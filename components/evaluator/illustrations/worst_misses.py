"""The test targets that the model ranks lowest, and those that a baseline finds and it does not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import recent_items
from components.evaluator.held_out import EvaluationResult, HeldOutData
from components.evaluator.illustrations.shown_items import ShownItems
from schemas.metrics import LIST_LENGTH, SUCCESSIVE

NUM_MISSES = 10
NUM_PAST_ITEMS = 3


def worst_misses(
    held_out: HeldOutData,
    model: EvaluationResult,
    baselines: Mapping[str, EvaluationResult],
    items: ShownItems,
) -> dict[str, list[dict[str, Any]]]:
    """Returns targets of the headline protocol on which the model does worst.

    Args:
      held_out: The queries and the catalogue.
      model: The rankings of the model.
      baselines: The rankings of each baseline.
      items: Receives the items that are shown.

    Returns:
      `lowest`, the targets with the lowest ranks, and `lost`, those with the lowest ranks among the
      targets that a baseline has in its first ten. Both contain at most one target of a user and of
      an item. Each has `item`, `history` (the newest past items, newest first), `rank`,
      `train_events` of the item, and `baseline` and `baseline_rank`, the baseline that ranks it
      best; both are None without baselines.
    """
    queries = held_out.headline.queries
    ranks = model.rankings[SUCCESSIVE].ranks
    names = list(baselines)
    other_ranks = np.stack(
        [
            np.full(len(ranks), len(held_out.items)),
            *(baselines[name].rankings[SUCCESSIVE].ranks for name in names),
        ]
    )
    best = other_ranks.argmin(axis=0)
    best_rank = other_ranks.min(axis=0)

    def describe(query: int) -> dict[str, Any]:
        history = recent_items(
            held_out.events[queries.split],
            queries.position[query : query + 1],
            NUM_PAST_ITEMS,
            merge_runs=True,
        )
        item = queries.item[query]
        return {
            "item": items.numbers(queries.item[query : query + 1])[0],
            "history": items.numbers(history[0]),
            "rank": int(ranks[query]),
            "train_events": int(held_out.items.counts[item]),
            "baseline": names[best[query] - 1] if best[query] else None,
            "baseline_rank": int(best_rank[query]) if best[query] else None,
        }

    lowest = np.argsort(-ranks, kind="stable")
    is_lost = (best_rank <= LIST_LENGTH) & (ranks > LIST_LENGTH)
    return {
        name: [describe(query) for query in _distinct(order, queries.user, queries.item)]
        for name, order in (("lowest", lowest), ("lost", lowest[is_lost[lowest]]))
    }


def _distinct(
    order: npt.NDArray[np.int64], user: npt.NDArray[np.int64], item: npt.NDArray[np.int64]
) -> list[int]:
    """Returns the first queries of `order` with a user and an item that no earlier one has."""
    chosen: list[int] = []
    users: set[int] = set()
    items: set[int] = set()
    for query in order.tolist():
        if len(chosen) == NUM_MISSES:
            break
        if user[query] not in users and item[query] not in items:
            chosen.append(query)
            users.add(user[query])
            items.add(item[query])
    return chosen
