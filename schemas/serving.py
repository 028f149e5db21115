"""Signatures of the pushed model: their names, and those of their inputs and outputs.

This module does not import TensorFlow, because clients import it; `schemas.serving_specs` has the
dtypes and shapes.
"""

import numpy as np

from schemas.features import EVENT_TYPE, ITEM_ID, TIMESTAMP, VALUE

DEFAULT = "serving_default"
RECOMMEND = "recommend"
RECOMMEND_EXAMPLES = "recommend_examples"
SIMILAR_ITEMS = "similar_items"
QUERY_EMBEDDING = "query_embedding"
CANDIDATE_EMBEDDING = "candidate_embedding"
# Signatures of the trained towers only: candidates as of an instant, and the query that finds the
# items similar to an item, given the item's embedding.
CANDIDATE_EMBEDDING_AS_OF = "candidate_embedding_as_of"
ITEM_QUERY = "item_query"
SIGNATURES = (
    DEFAULT,
    RECOMMEND,
    RECOMMEND_EXAMPLES,
    SIMILAR_ITEMS,
    QUERY_EMBEDDING,
    CANDIDATE_EMBEDDING,
)

HISTORY_PREFIX = "history_"
FILTER_PREFIX = "filter_"
MIN_SUFFIX, MAX_SUFFIX = "_min", "_max"
BOOST_PREFIX = "boost_"
REQUEST_TIMESTAMP = "request_timestamp"
HISTORY_ITEM_ID = HISTORY_PREFIX + ITEM_ID
HISTORY_TIMESTAMP = HISTORY_PREFIX + TIMESTAMP
HISTORY_EVENT_TYPE = HISTORY_PREFIX + EVENT_TYPE
HISTORY_VALUE = HISTORY_PREFIX + VALUE
EXCLUDE_ITEM_ID = "exclude_item_id"
RESTRICT_ITEM_ID = "restrict_item_id"
K = "k"
EXAMPLES = "examples"

OUTPUT_ITEM_ID = "item_id"
OUTPUT_SCORE = "score"
OUTPUT_EMBEDDING = "embedding"

# Fills a row with fewer eligible items than requested.
PADDING_ITEM_ID = ""
PADDING_SCORE = float(np.finfo(np.float32).min)
