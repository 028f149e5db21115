"""Measures the lists that a model recommends to held-out requests, as a reference for traffic."""

from collections.abc import Mapping

import numpy as np

from components.indexer.model.candidates import EmbeddedCandidates
from components.indexer.model.held_out_requests import HeldOutRequests
from components.indexer.search.exact import ExactSearch
from components.indexer.search.recall_latency import TuningQueries, search_top_k
from components.served_lists import ListMeasures, ServedLists, measure_lists
from components.served_reference import ServedReference
from schemas.features import USER_ID


def served_reference(
    held_out: HeldOutRequests,
    queries: Mapping[str, TuningQueries],
    exact: ExactSearch,
    candidates: EmbeddedCandidates,
    known_users: frozenset[str] | None,
    k: int,
) -> ServedReference:
    """Returns the reference of a model.

    Args:
      held_out: The requests.
      queries: The queries of the requests by signature.
      exact: Exact search over the candidates.
      candidates: The candidates.
      known_users: The users with targets in training; None if they are not known.
      k: The number of items per list.
    """
    measures = {
        name: _measures(held_out, query, exact, candidates, known_users, k)
        for name, query in queries.items()
    }
    ids = tuple(item.decode("utf-8", "replace") for item in candidates.item_id.tolist())
    return ServedReference(held_out.split, held_out.history.shape[1], measures, ids)


def _measures(
    held_out: HeldOutRequests,
    queries: TuningQueries,
    exact: ExactSearch,
    candidates: EmbeddedCandidates,
    known_users: frozenset[str] | None,
    k: int,
) -> ListMeasures:
    width = min(k, len(candidates))
    fetch = min(width + queries.exclude_rows.shape[1], len(candidates))
    rows, scores = search_top_k(exact, queries, width, fetch)
    is_item = rows >= 0
    history = held_out.history
    known_items = set(candidates.item_id.tolist())
    num_unknown = [sum(item not in known_items for item in row if item) for row in history.tolist()]
    lengths = (history != b"").sum(axis=1)
    users = held_out.requests[USER_ID]
    is_known = None
    if known_users is not None:
        is_known = np.array([user.decode("utf-8", "replace") in known_users for user in users])
    lists = ServedLists(
        user=np.unique(users, return_inverse=True)[1],
        is_known_user=is_known,
        history_length=lengths,
        num_history_ids=lengths,
        num_unknown_items=np.array(num_unknown, np.int64),
        k=np.full(len(history), k),
        offsets=np.concatenate([[0], np.cumsum(is_item.sum(axis=1))]),
        item=rows[is_item].astype(np.int64),
        score=scores[is_item],
    )
    return measure_lists(lists, history.shape[1])
