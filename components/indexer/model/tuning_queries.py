"""Embeds the queries on which the searches are tuned and measured, one set per kind of query.

The signatures send three kinds: complete requests of users (`recommend`, `recommend_examples`),
requests with only the user and the item ids of the history (`serving_default`), and items
(`similar_items`). Their embeddings differ in distribution, so a search that is tuned for one kind
may miss the items of another.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.indexer.model.candidates import EmbeddedCandidates
from components.indexer.model.held_out_requests import HeldOutRequests
from components.indexer.model.history_exclusion import history_exclusion
from components.indexer.model.inputs import fill_missing
from components.indexer.model.serving_model import ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.search.item_table import ItemTable
from components.indexer.search.recall_latency import TuningQueries
from schemas import serving, serving_specs
from schemas.features import USER_ID

MAX_QUERIES = 1024
_SEED = 17
_HISTORY = (serving.HISTORY_ITEM_ID, serving.HISTORY_EVENT_TYPE, serving.HISTORY_VALUE)


def user_queries(
    towers: Towers,
    candidates: EmbeddedCandidates,
    held_out: HeldOutRequests,
    options: ServingOptions,
) -> TuningQueries:
    """Returns the queries of complete held-out requests.

    Raises:
      ValueError: The query tower returned NaN or infinity.
    """
    return _from_requests(towers, candidates, held_out.requests, options)


def other_queries(
    towers: Towers,
    candidates: EmbeddedCandidates,
    held_out: HeldOutRequests,
    options: ServingOptions,
) -> dict[str, TuningQueries]:
    """Returns the queries of the signatures that send other kinds of queries, by signature.

    Raises:
      ValueError: The query tower returned NaN or infinity.
    """
    given = {name: tf.constant(held_out.requests[name]) for name in serving_specs.default_specs()}
    filled = fill_missing(given, serving_specs.query_specs(options.table))
    default = {name: values.numpy() for name, values in filled.items()}
    return {
        serving.DEFAULT: _from_requests(towers, candidates, default, options),
        serving.SIMILAR_ITEMS: item_queries(towers, candidates),
    }


def item_queries(towers: Towers, candidates: EmbeddedCandidates) -> TuningQueries:
    """Returns the queries of randomly chosen items, each of which excludes itself."""
    rows = np.random.default_rng(_SEED).permutation(len(candidates))[:MAX_QUERIES]
    embedding = towers.embed(
        serving.ITEM_QUERY,
        serving_specs.item_query_specs(candidates.embedding.shape[1]),
        {serving.OUTPUT_EMBEDDING: candidates.embedding[rows]},
    )
    return TuningQueries(embedding, rows[:, np.newaxis].astype(np.int32))


def _from_requests(
    towers: Towers,
    candidates: EmbeddedCandidates,
    requests: dict[str, npt.NDArray[Any]],
    options: ServingOptions,
) -> TuningQueries:
    embedding = towers.embed(
        serving.QUERY_EMBEDDING, serving_specs.query_specs(options.table), requests
    )
    if not np.isfinite(embedding).all():
        raise ValueError(
            "the query tower returns NaN or infinity for held-out requests: training has diverged; "
            "lower train.learning_rate, or check the user features for extreme values"
        )
    query = {name: tf.constant(requests[name]) for name in _HISTORY}
    items = ItemTable(candidates.item_id)
    excluded = history_exclusion(query, items, options.exclude_history, options.negative)
    _, user = np.unique(requests[USER_ID], return_inverse=True)
    return TuningQueries(embedding, excluded.numpy(), user)
