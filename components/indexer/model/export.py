"""Writes the bundle: the served model, and its twin that needs no custom op."""

import os
from dataclasses import dataclass, field

import tensorflow as tf

from components import files
from components.indexer.model.candidates import EmbeddedCandidates
from components.indexer.model.request_conditions import condition_search
from components.indexer.model.serving_model import ServingModel, ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.model.warmup import Request, write_requests
from components.indexer.search.exact import ExactSearch
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval, Search
from components.indexer.search.unavailable_items import UnavailableItems
from components.signature_inputs import name_served_inputs
from schemas.bundle import WARMUP_FILE


@dataclass(frozen=True)
class Searches:
    """The searches of one exported model.

    Attributes:
      main: The search of the signatures without an entry in `others`; may be exact search.
      others: The searches of the signatures for which `main` was not tuned.
    """

    main: Search
    others: dict[str, Search] = field(default_factory=dict)


def export_models(
    searches: dict[str, Searches],
    towers: Towers,
    candidates: EmbeddedCandidates,
    exact: ExactSearch,
    options: ServingOptions,
    requests: list[Request],
) -> None:
    """Saves models that differ only in their search.

    Args:
      searches: By folder of a model, its searches.
      towers: The trained towers.
      candidates: The items, in the row order of all searches.
      exact: Exact search, which all models use where their own finds too few items.
      options: The options of the models.
      requests: Warm-up requests, which are stored in all models.
    """
    items = ItemTable(candidates.item_id)
    conditions = condition_search(candidates)
    unavailable = UnavailableItems(items)
    for path, own in searches.items():
        retrieval = Retrieval(own.main, exact, conditions, unavailable, own.others)
        model = ServingModel(towers, items, retrieval, options)
        tf.saved_model.save(model, path, signatures=model.signatures())
        name_served_inputs(path, model.specs())
        write_requests(os.path.join(path, WARMUP_FILE), requests)


def size_bytes(path: str) -> int:
    """Returns the total size of all files under a folder, in bytes."""
    return sum(files.size_bytes(os.path.join(path, name)) for name in files.files_below(path))
