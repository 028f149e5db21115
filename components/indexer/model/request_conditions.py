"""The conditions of `recommend` requests, and their evaluation over the catalogue."""

import tensorflow as tf

from components.indexer.model.candidates import EmbeddedCandidates
from components.indexer.model.inputs import Tensors
from components.indexer.search.conditions import Conditions, ConditionSearch
from components.indexer.search.filters import CategoryFilter
from components.indexer.search.item_table import ItemTable
from components.indexer.search.numbers import ItemNumbers
from schemas import serving
from schemas.features import FeatureTable


def condition_search(candidates: EmbeddedCandidates) -> ConditionSearch:
    """Returns the evaluation of conditions over the items, in their order."""
    return ConditionSearch(
        len(candidates),
        {key: CategoryFilter(key, values) for key, values in candidates.categories.items()},
        {key: ItemNumbers(key, values) for key, values in candidates.numbers.items()},
    )


def is_restricted(inputs: Tensors) -> tf.Tensor:
    """Returns whether each request has a list of the only eligible items, [B] bool.

    Args:
      inputs: The inputs of `recommend` as they were sent: a rule may turn an id into "".
    """
    return tf.reduce_any(inputs[serving.RESTRICT_ITEM_ID] != "", axis=1)


def request_conditions(
    inputs: Tensors, table: FeatureTable, items: ItemTable, restricted: tf.Tensor
) -> Conditions:
    """Returns the conditions of requests.

    Args:
      inputs: The inputs of `recommend`, with normalised ids.
      table: The features.
      items: The items of the catalogue.
      restricted: Whether each request has a list of the only eligible items, [B] bool.
    """
    return Conditions(
        categories={
            feature.key: inputs[serving.FILTER_PREFIX + feature.name]
            for feature in table.item_filters
        },
        bounds={
            feature.key: (
                inputs[serving.FILTER_PREFIX + feature.name + serving.MIN_SUFFIX],
                inputs[serving.FILTER_PREFIX + feature.name + serving.MAX_SUFFIX],
            )
            for feature in table.item_numbers
        },
        boosts={
            feature.key: inputs[serving.BOOST_PREFIX + feature.name]
            for feature in table.item_numbers
        },
        is_restricted=restricted,
        restrict_rows=items.rows(inputs[serving.RESTRICT_ITEM_ID]),
    )
