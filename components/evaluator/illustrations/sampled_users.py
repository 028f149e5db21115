"""Users of the test split with their history, their recommendations and their withheld items."""

from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import recent_items
from components.evaluator.held_out import Embeddings, EvaluationResult, HeldOutData
from components.evaluator.illustrations.shown_items import ShownItems
from components.evaluator.queries import Queries
from schemas.metrics import ALL_FUTURE, SUCCESSIVE

NUM_USERS = 6
NUM_PAST_ITEMS = 10
NUM_WITHHELD = 10


def sampled_users(
    held_out: HeldOutData, embeddings: Embeddings, model: EvaluationResult, items: ShownItems
) -> list[dict[str, Any]]:
    """Returns a few users, from the one with the fewest past events to the one with the most.

    They are evenly spaced in the order of their numbers of past events, so that they do not depend
    on a random number. The query of a user is that of the protocol `all_future`, where it exists:
    all later targets are withheld. Otherwise it is the one query of the user.

    Args:
      held_out: The queries and the catalogue.
      embeddings: The embeddings of the model.
      model: The rankings of the model.
      items: Receives the items that are shown.

    Returns:
      For each user `past_events`, a number; `history`, the newest items, newest first;
      `recommended`, the best candidates; `withheld`, the best ranked of the relevant items as pairs
      of item and rank; and `num_withheld`. Items are numbers of `items`. Ids of users are not
      among the values.
    """
    name = ALL_FUTURE if ALL_FUTURE in held_out.protocols else SUCCESSIVE
    queries = held_out.protocols[name].queries
    order = np.lexsort((queries.position, queries.num_past_events))
    places = np.linspace(0, len(order) - 1, min(NUM_USERS, len(order))).round().astype(np.int64)
    users = []
    for query in order[places]:
        history = recent_items(
            held_out.events[queries.split],
            queries.position[query : query + 1],
            NUM_PAST_ITEMS,
            merge_runs=True,
        )
        scores = embeddings.candidates @ embeddings.queries[name][query]
        relevant, ranks = _ranked_relevant(scores, queries, int(query))
        users.append(
            {
                "past_events": int(queries.num_past_events[query]),
                "history": items.numbers(history[0]),
                "recommended": items.numbers(model.rankings[name].top[query]),
                "withheld": [
                    [number, int(rank)]
                    for number, rank in zip(
                        items.numbers(relevant[:NUM_WITHHELD]), ranks, strict=False
                    )
                ],
                "num_withheld": len(relevant),
            }
        )
    return users


def _ranked_relevant(
    scores: npt.NDArray[np.float32], queries: Queries, query: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the relevant items of a query and their ranks among all candidates, best first.

    Args:
      scores: [num_items] float32, the scores of the query.
      queries: All queries.
      query: The number of the query.
    """
    relevant = np.unique(queries.item[queries.offsets[query] : queries.offsets[query + 1]])
    _, seen = queries.seen.pairs(slice(query, query + 1))
    is_candidate = np.ones(len(scores), bool)
    is_candidate[seen] = False
    is_candidate[relevant] = True
    ordered = np.sort(scores[is_candidate])
    # Ties count against the model, as in the metrics.
    ranks = len(ordered) - np.searchsorted(ordered, scores[relevant])
    best_first = np.argsort(ranks, kind="stable")
    return relevant[best_first], ranks[best_first]
