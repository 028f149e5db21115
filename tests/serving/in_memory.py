"""Calls the signatures of a shop's model without saving it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from components.examples.read import read_raw_catalogue
from components.indexer.model.candidates import embed_candidates
from components.indexer.model.request_conditions import condition_search
from components.indexer.model.serving_model import ServingModel, ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.search.exact import ExactSearch
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval, Search
from components.indexer.search.unavailable_items import UnavailableItems
from components.signature_inputs import by_traced_name
from schemas.serving_specs import Specs
from tests.serving.shop import MAX_HISTORY, Shop


def signatures_of(
    shop: Shop,
    k: int = 4,
    max_k: int = 8,
    search: Callable[[ExactSearch], Search] = lambda exact: exact,
    unavailable: Iterable[str] = (),
    others: Mapping[str, Search] | None = None,
) -> dict[str, Any]:
    """Returns the signatures of the model of a shop, with the arguments of `model_of`."""
    return by_request_names(model_of(shop, k, max_k, search, unavailable, others))


def model_of(
    shop: Shop,
    k: int = 4,
    max_k: int = 8,
    search: Callable[[ExactSearch], Search] = lambda exact: exact,
    unavailable: Iterable[str] = (),
    others: Mapping[str, Search] | None = None,
) -> ServingModel:
    """Builds the model of a shop.

    Args:
      shop: The shop.
      k: Default number of items per request.
      max_k: Maximum number of items per request.
      search: Makes the first search from exact search over the same items.
      unavailable: Ids of unavailable items.
      others: First searches of single signatures.
    """
    towers = Towers(shop.model)
    candidates = embed_candidates(
        towers, read_raw_catalogue(shop.catalogue, shop.table), shop.table
    )
    exact = ExactSearch(tf.Variable(candidates.embedding))
    options = ServingOptions(
        table=shop.table,
        k=k,
        max_k=max_k,
        max_history=MAX_HISTORY,
        exclude_history=shop.data.repeat_interactions == "exclude",
        ids=shop.data.ids,
        negative=shop.data.targets.negative,
    )
    items = ItemTable(candidates.item_id)
    conditions, listed = condition_search(candidates), UnavailableItems(items, unavailable)
    retrieval = Retrieval(search(exact), exact, conditions, listed, others)
    return ServingModel(towers, items, retrieval, options)


def by_request_names(model: ServingModel) -> dict[str, Any]:
    """Returns the signatures of a model, as functions of the inputs by the names of requests."""

    def by_name(function: Any, specs: Specs) -> Any:
        return lambda **inputs: function(**by_traced_name(inputs, specs))

    specs = model.specs()
    return {name: by_name(function, specs[name]) for name, function in model.signatures().items()}


def call(signature: Any, inputs: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Calls a signature and returns its outputs as arrays."""
    answer = signature(**{name: tf.constant(values) for name, values in inputs.items()})
    return {name: tensor.numpy() for name, tensor in answer.items()}
