"""From the trained towers and the raw catalogue to a bundle that has been tried out."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from components.examples.read import RawCatalogue, read_raw_catalogue
from components.gate import GateResult
from components.indexer.gate import gates
from components.indexer.model.candidates import Candidates, embed_candidates
from components.indexer.model.export import export_bundle, size_bytes
from components.indexer.model.held_out_requests import HeldOut, read_held_out
from components.indexer.model.module import ServingOptions
from components.indexer.model.sample_requests import sample_for_signatures
from components.indexer.model.towers import Towers
from components.indexer.probe.parity_cases import judge_parity, read_parity_cases
from components.indexer.probe.probe_process import ProbeProcess
from components.indexer.report import index_report, probe_report
from components.indexer.search.choose import Index, choose_index
from components.indexer.search.exact import ExactSearch
from components.indexer.search.item_table import ItemTable
from components.indexer.search.quality import Queries
from components.progress import progress
from schemas import serving
from schemas.bundle import SCANN_FOLDER
from schemas.features import feature_table
from schemas.model_settings import IndexSettings
from schemas.settings import DataSettings

_MAX_QUERIES = 1024


@dataclass(frozen=True)
class Bundled:
    """What was built: `report` is the `index` part of metrics.json."""

    report: dict[str, Any]
    gates: list[GateResult]

    @property
    def passed(self) -> bool:
        """Whether the bundle may serve."""
        return all(gate.passed for gate in self.gates)


def build_bundle(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    bundle_uri: str,
    data: DataSettings,
    settings: IndexSettings,
    is_reindex: bool = False,
) -> Bundled:
    """Embeds the catalogue, builds and tunes the index, exports both models and probes them.

    Args:
      model_path: SavedModel of the towers.
      catalogue_uri: Raw catalogue Examples.
      windows_uri: Raw windows Examples.
      bundle_uri: Where `scann/` and `exact/` are written.
      data: Says which features there are, and whether items may come back.
      settings: The index section of the configuration.
      is_reindex: Whether the catalogue is another than the one that the model was trained with.

    Raises:
      InputError: Settings, catalogue and windows do not fit together.
    """
    chosen = _choose(model_path, catalogue_uri, windows_uri, data, settings, is_reindex)
    with ProbeProcess(bundle_uri) as process:
        report = _export(chosen, bundle_uri, settings)
        parity_cases = read_parity_cases(
            model_path, windows_uri, chosen.catalogue, chosen.options, is_reindex
        )
        probed = process.result(parity_cases.cases if parity_cases else [])
    progress.info(
        "index: every signature called in a new process, %.2f ms a request (p99 %.2f)",
        probed["latency_ms"]["p50"],
        probed["latency_ms"]["p99"],
    )
    parity = judge_parity(parity_cases, probed["parity"])
    report = {**report, **probe_report(probed), "parity": parity.report}
    index = chosen.index
    verdicts = gates(index.recall, index.plan, probed, index.size_bytes, settings)
    return Bundled(report, [*verdicts, parity.gate])


def export_index(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    bundle_uri: str,
    data: DataSettings,
    settings: IndexSettings,
) -> tuple[Index, dict[str, Any]]:
    """All of `build_bundle` but the probe: the index, and what the report says of it."""
    chosen = _choose(model_path, catalogue_uri, windows_uri, data, settings)
    return chosen.index, _export(chosen, bundle_uri, settings)


@dataclass(frozen=True)
class _Chosen:
    """An index, and all that is exported with it."""

    index: Index
    exact: ExactSearch
    towers: Towers
    catalogue: RawCatalogue
    candidates: Candidates
    held_out: HeldOut
    options: ServingOptions


def _choose(
    model_path: str,
    catalogue_uri: str,
    windows_uri: str,
    data: DataSettings,
    settings: IndexSettings,
    is_reindex: bool = False,
) -> _Chosen:
    """Embeds the catalogue, builds the index and tunes it.

    The tuning compares latencies: no process of ours may run beside it.
    """
    table = feature_table(data)
    options = ServingOptions(
        table=table,
        k=settings.k,
        max_k=settings.max_k,
        max_history=data.history.max_length,
        exclude_history=data.repeat_interactions == "exclude",
    )
    towers = Towers(model_path)
    catalogue = read_raw_catalogue(catalogue_uri, table)
    candidates = embed_candidates(towers, catalogue, table, is_reindex)
    progress.info("index: %d candidates of %d dimensions", *candidates.embedding.shape)
    held_out = read_held_out(windows_uri, table, options.max_history, _MAX_QUERIES)
    queries = _queries(towers, candidates, held_out, options)
    exact = ExactSearch(tf.Variable(candidates.embedding, trainable=False, name="embedding"))
    index = choose_index(exact, queries, settings)
    progress.info(
        "index: %s (%s), recall@%d %.4f",
        index.plan.kind.value,
        index.plan.reason,
        settings.k,
        index.recall,
    )
    return _Chosen(index, exact, towers, catalogue, candidates, held_out, options)


def _export(chosen: _Chosen, bundle_uri: str, settings: IndexSettings) -> dict[str, Any]:
    """Writes both models; returns what the report says of the index."""
    requests = list(
        sample_for_signatures(
            chosen.held_out, chosen.catalogue, chosen.options.table, chosen.options.k
        )
    )
    export_bundle(
        bundle_uri,
        chosen.towers,
        chosen.candidates,
        chosen.index.search,
        chosen.exact,
        chosen.options,
        requests,
    )
    report = index_report(chosen.index, chosen.candidates, chosen.held_out, settings)
    return {**report, "size_bytes": size_bytes(os.path.join(bundle_uri, SCANN_FOLDER))}


def _queries(
    towers: Towers, candidates: Candidates, held_out: HeldOut, options: ServingOptions
) -> Queries:
    embedding = towers.embed(
        serving.QUERY_EMBEDDING, serving.query_specs(options.table), held_out.requests
    )
    if not np.isfinite(embedding).all():
        raise ValueError(
            "the query tower gives NaN or infinity for held-out requests: training has diverged; "
            "lower train.learning_rate, or look for extreme numbers in the users' features"
        )
    seen = ItemTable(candidates.item_id).rows(tf.constant(held_out.history, tf.string)).numpy()
    return Queries(embedding, seen if options.exclude_history else seen[:, :0])
