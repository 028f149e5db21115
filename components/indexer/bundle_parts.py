"""The parts of a serving bundle: embeds the catalogue, chooses the indexes, exports both models."""

import os
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from components.examples.read import RawCatalogue, read_raw_catalogue
from components.indexer.model.candidates import EmbeddedCandidates, embed_candidates
from components.indexer.model.export import Searches, export_models, size_bytes
from components.indexer.model.held_out_requests import HeldOutRequests, read_held_out_requests
from components.indexer.model.sample_requests import sample_for_signatures
from components.indexer.model.serving_model import ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.model.tuning_queries import MAX_QUERIES, other_queries, user_queries
from components.indexer.report import index_report, twin_report
from components.indexer.search.choose_index import ChosenIndex, choose_index
from components.indexer.search.choose_twin import choose_twin
from components.indexer.search.exact import ExactSearch
from components.indexer.search.leaves import leaf_order
from components.indexer.search.search_plan import SearchKind, twin_plan
from components.indexer.served_reference import served_reference
from components.progress import progress
from components.served_reference import (
    ServedReference,
    read_known_users,
    write_known_users,
    write_reference,
)
from schemas import serving
from schemas.bundle import PORTABLE_FOLDER, SCANN_FOLDER
from schemas.features import feature_table
from schemas.serving_settings import IndexSettings
from schemas.settings import DataSettings


@dataclass(frozen=True)
class BundleParts:
    """What the models of a bundle consist of.

    Attributes:
      index: The index of the model in `scann/`.
      twin: The index of its portable twin.
      exact: Exact search over the same candidates.
      towers: The towers.
      catalogue: The raw catalogue.
      candidates: Its embeddings, in the order of the rows of both indexes.
      held_out: Requests of users whose next items are known.
      options: Options of all signatures.
      reference: What the version recommends to these users, for the comparison with traffic.
      known_users: The users with targets in training; None if they are not known.
    """

    index: ChosenIndex
    twin: ChosenIndex
    exact: ExactSearch
    towers: Towers
    catalogue: RawCatalogue
    candidates: EmbeddedCandidates
    held_out: HeldOutRequests
    options: ServingOptions
    reference: ServedReference
    known_users: frozenset[str] | None


def choose_parts(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    data: DataSettings,
    settings: IndexSettings,
    is_reindex: bool = False,
) -> BundleParts:
    """Embeds the catalogue, then builds and tunes the index.

    Tuning compares latencies, so no other process of this step may run at the same time.

    Args:
      model_path: SavedModel of the towers.
      catalogue_uri: Raw catalogue Examples.
      windows_uri: Raw windows Examples.
      data: The data settings: features, and whether items of the history may be recommended.
      settings: The index section of the configuration.
      is_reindex: Whether the catalogue differs from the one that the model was trained on.

    Raises:
      InputError: Settings, catalogue and windows are inconsistent.
    """
    table = feature_table(data)
    options = ServingOptions(
        table=table,
        k=settings.k,
        max_k=settings.max_k,
        max_history=data.history.max_length,
        exclude_history=data.repeat_interactions == "exclude",
        ids=data.ids,
        negative=data.targets.negative,
    )
    towers = Towers(model_path)
    catalogue = read_raw_catalogue(catalogue_uri, table)
    candidates = embed_candidates(towers, catalogue, table, is_reindex)
    progress.info("index: %d candidates of %d dimensions", *candidates.embedding.shape)
    if twin_plan(len(candidates), settings).kind is SearchKind.INVERTED_FILE:
        candidates = candidates.ordered(leaf_order(candidates.embedding))
    held_out = read_held_out_requests(windows_uri, table, options.max_history, MAX_QUERIES)
    queries = user_queries(towers, candidates, held_out, options)
    others = other_queries(towers, candidates, held_out, options)
    exact = ExactSearch(tf.Variable(candidates.embedding, trainable=False, name="embedding"))
    index = choose_index(exact, queries, settings, others)
    progress.info(
        "index: %s (%s), recall@%d %.4f",
        index.plan.kind.value,
        index.plan.reason,
        settings.k,
        index.recall,
    )
    twin = choose_twin(exact, queries, settings, others)
    progress.info(
        "index: twin without a custom op: %s (%s), recall@%d %.4f",
        twin.plan.kind.value,
        twin.plan.reason,
        settings.k,
        twin.recall,
    )
    known_users = read_known_users(model_path)
    reference = served_reference(
        held_out,
        {serving.RECOMMEND: queries, serving.DEFAULT: others[serving.DEFAULT]},
        exact,
        candidates,
        known_users,
        settings.k,
    )
    return BundleParts(
        index,
        twin,
        exact,
        towers,
        catalogue,
        candidates,
        held_out,
        options,
        reference,
        known_users,
    )


def export_bundle(parts: BundleParts, bundle_uri: str, settings: IndexSettings) -> dict[str, Any]:
    """Writes both models; returns the report of the index.

    Args:
      parts: What they consist of.
      bundle_uri: Folder to which `scann/` and `portable/` are written.
      settings: The index section of the configuration.
    """
    path = os.path.join(bundle_uri, SCANN_FOLDER)
    twin_path = os.path.join(bundle_uri, PORTABLE_FOLDER)
    _export_models(parts, {path: _searches(parts.index), twin_path: _searches(parts.twin)})
    report = index_report(parts.index, parts.candidates, parts.held_out, settings)
    for folder in (path, twin_path):
        write_reference(folder, parts.reference)
        if parts.known_users is not None:
            write_known_users(folder, (user.encode() for user in parts.known_users))
    twin = twin_report(parts.twin, parts.candidates.embedding.shape, settings)
    return {**report, **twin, "size_bytes": size_bytes(path)}


def export_exact(parts: BundleParts, path: str) -> None:
    """Writes a model with exact search, to which approximate answers are compared.

    Args:
      parts: What it consists of.
      path: The folder to write.
    """
    _export_models(parts, {path: Searches(parts.exact)})


def _searches(index: ChosenIndex) -> Searches:
    return Searches(index.search, {name: kind.search for name, kind in index.others.items()})


def _export_models(parts: BundleParts, searches: dict[str, Searches]) -> None:
    requests = list(
        sample_for_signatures(parts.held_out, parts.catalogue, parts.options.table, parts.options.k)
    )
    export_models(searches, parts.towers, parts.candidates, parts.exact, parts.options, requests)
