"""Builds a serving bundle from the trained towers and the raw catalogue, and probes it."""

import os
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from components.examples.read import RawCatalogue, read_raw_catalogue
from components.gate import GateResult
from components.indexer.gate import index_gates
from components.indexer.model.candidates import EmbeddedCandidates, embed_candidates
from components.indexer.model.export import Searches, export_models, size_bytes
from components.indexer.model.held_out_requests import HeldOutRequests, read_held_out_requests
from components.indexer.model.sample_requests import sample_for_signatures
from components.indexer.model.serving_model import ServingOptions
from components.indexer.model.towers import Towers
from components.indexer.model.tuning_queries import MAX_QUERIES, other_queries, user_queries
from components.indexer.probe.parity_cases import parity_result, read_parity_cases
from components.indexer.probe.probe_process import ProbeProcess
from components.indexer.report import index_report, probe_report, twin_report
from components.indexer.search.choose_index import ChosenIndex, choose_index
from components.indexer.search.choose_twin import choose_twin
from components.indexer.search.exact import ExactSearch
from components.indexer.search.leaves import leaf_order
from components.indexer.search.search_plan import SearchKind, twin_plan
from components.indexer.served_reference import served_reference
from components.progress import progress
from components.records.item_notes import read_notes
from components.served_reference import ServedReference, read_known_users, write_reference
from schemas import serving
from schemas.bundle import PORTABLE_FOLDER, SCANN_FOLDER
from schemas.features import feature_table
from schemas.serving_settings import IndexSettings
from schemas.settings import DataSettings


@dataclass(frozen=True)
class BuiltBundle:
    """The report and the gate results of a bundle.

    Attributes:
      report: The `index` section of metrics.json.
      gates: The results of all index gates.
    """

    report: dict[str, Any]
    gates: list[GateResult]

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return all(gate.passed for gate in self.gates)


def build_bundle(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    bundle_uri: str,
    data: DataSettings,
    settings: IndexSettings,
    is_reindex: bool = False,
) -> BuiltBundle:
    """Embeds the catalogue, builds and tunes the index, exports both models and probes them.

    Args:
      model_path: SavedModel of the towers.
      catalogue_uri: Raw catalogue Examples.
      windows_uri: Raw windows Examples.
      bundle_uri: Folder to which `scann/` and `portable/` are written.
      data: The data settings: features, and whether items of the history may be recommended.
      settings: The index section of the configuration.
      is_reindex: Whether the catalogue differs from the one that the model was trained on.

    Returns:
      The report of the index and the results of its gates.

    Raises:
      InputError: Settings, catalogue and windows are inconsistent.
    """
    chosen = _choose(model_path, catalogue_uri, windows_uri, data, settings, is_reindex)
    with ProbeProcess(bundle_uri) as process:
        report = _export(chosen, bundle_uri, settings)
        if chosen.twin.is_approximate:
            _export_models(chosen, {process.reference: Searches(chosen.exact)})
        parity_cases = read_parity_cases(
            model_path, windows_uri, chosen.catalogue, chosen.options, is_reindex
        )
        probed = process.result(parity_cases.cases if parity_cases else [])
    progress.info(
        "index: called every signature in a new process; %.2f ms per request (p99 %.2f ms)",
        probed["latency_ms"]["p50"],
        probed["latency_ms"]["p99"],
    )
    parity = parity_result(parity_cases, probed["parity"])
    report = {**report, **probe_report(probed), "parity": parity.report}
    if num_listed := read_notes(catalogue_uri).num_items:
        report["listed_items"] = num_listed
    index = chosen.index
    plans = {name: kind.plan for name, kind in index.others.items()}
    twin_plans = {name: kind.plan for name, kind in chosen.twin.searches.items()}
    verdicts = index_gates(
        index.recall, index.plan, probed, index.size_bytes, settings, plans, twin_plans
    )
    return BuiltBundle(report, [*verdicts, parity.gate])


def export_index(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    bundle_uri: str,
    data: DataSettings,
    settings: IndexSettings,
) -> tuple[ChosenIndex, dict[str, Any]]:
    """Does all of `build_bundle` except the probe; returns the index and its report."""
    chosen = _choose(model_path, catalogue_uri, windows_uri, data, settings)
    return chosen.index, _export(chosen, bundle_uri, settings)


@dataclass(frozen=True)
class _Chosen:
    """An index and the other parts of the exported models."""

    index: ChosenIndex
    twin: ChosenIndex
    exact: ExactSearch
    towers: Towers
    catalogue: RawCatalogue
    candidates: EmbeddedCandidates
    held_out: HeldOutRequests
    options: ServingOptions
    reference: ServedReference


def _choose(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    data: DataSettings,
    settings: IndexSettings,
    is_reindex: bool = False,
) -> _Chosen:
    """Embeds the catalogue, then builds and tunes the index.

    Tuning compares latencies, so no other process of this step may run at the same time.
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
    reference = served_reference(
        held_out,
        {serving.RECOMMEND: queries, serving.DEFAULT: others[serving.DEFAULT]},
        exact,
        candidates,
        read_known_users(model_path),
        settings.k,
    )
    return _Chosen(index, twin, exact, towers, catalogue, candidates, held_out, options, reference)


def _export(chosen: _Chosen, bundle_uri: str, settings: IndexSettings) -> dict[str, Any]:
    """Writes both models; returns the report of the index."""
    path = os.path.join(bundle_uri, SCANN_FOLDER)
    twin_path = os.path.join(bundle_uri, PORTABLE_FOLDER)
    _export_models(chosen, {path: _searches(chosen.index), twin_path: _searches(chosen.twin)})
    report = index_report(chosen.index, chosen.candidates, chosen.held_out, settings)
    for folder in (path, twin_path):
        write_reference(folder, chosen.reference)
    twin = twin_report(chosen.twin, chosen.candidates.embedding.shape, settings)
    return {**report, **twin, "size_bytes": size_bytes(path)}


def _searches(index: ChosenIndex) -> Searches:
    return Searches(index.search, {name: kind.search for name, kind in index.others.items()})


def _export_models(chosen: _Chosen, searches: dict[str, Searches]) -> None:
    requests = list(
        sample_for_signatures(
            chosen.held_out, chosen.catalogue, chosen.options.table, chosen.options.k
        )
    )
    export_models(
        searches, chosen.towers, chosen.candidates, chosen.exact, chosen.options, requests
    )
