"""Writes the bundle: the served model, and its exact twin that needs no custom op."""

import os
from collections.abc import Mapping

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
from schemas.bundle import EXACT_FOLDER, SCANN_FOLDER, WARMUP_FILE


def export_bundle(
    uri: str,
    towers: Towers,
    candidates: EmbeddedCandidates,
    search: Search,
    others: Mapping[str, Search],
    exact: ExactSearch,
    options: ServingOptions,
    requests: list[Request],
) -> None:
    """Saves `uri`/scann and `uri`/exact, which differ only in their search.

    Args:
      uri: The folder of the bundle.
      towers: The trained towers.
      candidates: The items, in the row order of both searches.
      search: The search of the served model; `exact` itself if the index does not use ScaNN.
      others: Searches of the served model for the signatures for which `search` was not tuned.
      exact: The search of the twin.
      options: The options of the served model.
      requests: Warm-up requests, which are stored in both models.
    """
    items = ItemTable(candidates.item_id)
    conditions = condition_search(candidates)
    unavailable = UnavailableItems(items)
    for folder, first_search, own in ((SCANN_FOLDER, search, others), (EXACT_FOLDER, exact, {})):
        path = os.path.join(uri, folder)
        retrieval = Retrieval(first_search, exact, conditions, unavailable, own)
        model = ServingModel(towers, items, retrieval, options)
        tf.saved_model.save(model, path, signatures=model.signatures())
        name_served_inputs(path, model.specs())
        write_requests(os.path.join(path, WARMUP_FILE), requests)


def size_bytes(path: str) -> int:
    """Returns the total size of all files under a folder, in bytes."""
    return sum(files.size_bytes(os.path.join(path, name)) for name in files.files_below(path))
