"""Signatures of the pushed model: their names, and those of their inputs and outputs.

This module does not import TensorFlow, because clients import it; `schemas.serving_specs` has the
dtypes and shapes.
"""

import numpy as np

from schemas.features import EVENT_TYPE, ITEM_ID, TIMESTAMP, VALUE
from schemas.request_names import BOOST_PREFIX as BOOST_PREFIX
from schemas.request_names import EXCLUDE_ITEM_ID as EXCLUDE_ITEM_ID
from schemas.request_names import FILTER_PREFIX as FILTER_PREFIX
from schemas.request_names import HISTORY_PREFIX as HISTORY_PREFIX
from schemas.request_names import MAX_SUFFIX as MAX_SUFFIX
from schemas.request_names import MIN_SUFFIX as MIN_SUFFIX
from schemas.request_names import REQUEST_TIMESTAMP as REQUEST_TIMESTAMP
from schemas.request_names import RESTRICT_ITEM_ID as RESTRICT_ITEM_ID
from schemas.request_names import K as K

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

HISTORY_ITEM_ID = HISTORY_PREFIX + ITEM_ID
HISTORY_TIMESTAMP = HISTORY_PREFIX + TIMESTAMP
HISTORY_EVENT_TYPE = HISTORY_PREFIX + EVENT_TYPE
HISTORY_VALUE = HISTORY_PREFIX + VALUE
EXAMPLES = "examples"

OUTPUT_ITEM_ID = "item_id"
OUTPUT_SCORE = "score"
OUTPUT_EMBEDDING = "embedding"

# Fills a row with fewer eligible items than requested.
PADDING_ITEM_ID = ""
PADDING_SCORE = float(np.finfo(np.float32).min)
