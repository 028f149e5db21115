"""The conditions of `recommend` requests, and their evaluation over the catalogue."""

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


def request_conditions(inputs: Tensors, table: FeatureTable, items: ItemTable) -> Conditions:
    """Returns the conditions of requests.

    Args:
      inputs: The inputs of `recommend`, with normalised ids.
      table: The features.
      items: The items of the catalogue.
    """
    restrict_ids = inputs[serving.RESTRICT_ITEM_ID]
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
        restrict_ids=restrict_ids,
        restrict_rows=items.rows(restrict_ids),
    )
