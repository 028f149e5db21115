"""Writes the bundle: the model that serves, and the twin that needs no custom op."""

import os

import tensorflow as tf

from components.indexer.model.candidates import Candidates
from components.indexer.model.module import ServingModel, ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.model.warmup import Request, write_requests
from components.indexer.search.exact import ExactSearch
from components.indexer.search.filters import CategoryFilter
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval, Search
from components.indexer.search.unavailable import Availability
from schemas.bundle import EXACT_FOLDER, SCANN_FOLDER, WARMUP_FILE


def export_bundle(
    uri: str,
    towers: Towers,
    candidates: Candidates,
    search: Search,
    exact: ExactSearch,
    options: ServingOptions,
    requests: list[Request],
) -> None:
    """Saves `uri`/scann and `uri`/exact, which differ in the search alone.

    Args:
      uri: The folder of the bundle.
      towers: The trained towers.
      candidates: The items, in the rows that both searches answer with.
      search: What serves; `exact` itself where ScaNN does not.
      exact: What the twin serves by.
      options: What the settings decide about answers.
      requests: Kept with both as warm-up requests.
    """
    items = ItemTable(candidates.item_id)
    filters = {name: CategoryFilter(name, values) for name, values in candidates.categories.items()}
    availability = Availability(items)
    for folder, first_search in ((SCANN_FOLDER, search), (EXACT_FOLDER, exact)):
        path = os.path.join(uri, folder)
        retrieval = Retrieval(first_search, exact, filters, availability)
        model = ServingModel(towers, items, retrieval, options)
        tf.saved_model.save(model, path, signatures=model.signatures())
        write_requests(os.path.join(path, WARMUP_FILE), requests)


def size_bytes(path: str) -> int:
    """Bytes of all files under a folder."""
    return sum(
        tf.io.gfile.stat(os.path.join(folder, name)).length
        for folder, _, names in tf.io.gfile.walk(path)
        for name in names
    )
