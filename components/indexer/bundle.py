"""From the trained towers and the raw catalogue to a bundle that has been tried out."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import components
from components.examples import read_catalogue
from components.gate import GateResult
from components.indexer.candidates import Candidates, embed_candidates
from components.indexer.exact import ExactSearch
from components.indexer.export import SCANN, export_bundle, size_bytes
from components.indexer.gate import gates
from components.indexer.held_out import HeldOut, read_held_out
from components.indexer.item_table import ItemTable
from components.indexer.module import ServingOptions
from components.indexer.plan import SearchKind, SearchPlan, make_plan
from components.indexer.quality import Measured, Queries, latency_ms, recall, top_rows, tune
from components.indexer.retrieval import Search
from components.indexer.sample_requests import sample_for_signatures
from components.indexer.searcher import train_scann
from components.indexer.towers import Towers
from schemas import serving
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.model_settings import IndexSettings
from schemas.settings import DataSettings

_MAX_QUERIES = 1024
_progress = logging.getLogger("twotower.progress")


@dataclass(frozen=True)
class Index:
    """A search that has been chosen and measured.

    Attributes:
      search: What serves.
      plan: How it searches.
      recall: recall@k against exact search, on queries that it was not chosen by.
      fetch: How many items that was measured with, exclusions included.
      size_bytes: The vectors and what ScaNN made of them.
      curve: All that was tried.
    """

    search: Search
    plan: SearchPlan
    recall: float
    fetch: int
    size_bytes: int
    curve: list[Measured]


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
) -> Bundled:
    """Embeds the catalogue, builds and tunes the index, exports both models and probes them.

    Args:
      model_path: SavedModel of the towers.
      catalogue_uri: Raw catalogue Examples.
      windows_uri: Raw windows Examples.
      bundle_uri: Where `scann/` and `exact/` are written.
      data: Says which features there are, and whether items may come back.
      settings: The index section of the configuration.

    Raises:
      InputError: Settings, catalogue and windows do not fit together.
    """
    if settings.k > settings.max_k:
        raise InputError(
            f"index.k is {settings.k} and index.max_k is {settings.max_k}: "
            "a request cannot get more than max_k items, so raise it"
        )
    table = feature_table(data)
    options = ServingOptions(
        table=table,
        k=settings.k,
        max_k=settings.max_k,
        max_history=data.history.max_length,
        exclude_history=data.repeat_interactions == "exclude",
    )
    towers = Towers(model_path)
    catalogue = read_catalogue(catalogue_uri, table)
    candidates = embed_candidates(towers, catalogue, table)
    _progress.info("index: %d candidates of %d dimensions", *candidates.embedding.shape)
    held_out = read_held_out(windows_uri, table, options.max_history, _MAX_QUERIES)
    queries = _queries(towers, candidates, held_out, options)

    embedding = tf.Variable(candidates.embedding, trainable=False, name="embedding")
    exact = ExactSearch(embedding)
    index = choose_index(exact, queries, settings)
    _progress.info(
        "index: %s (%s), recall@%d %.4f",
        index.plan.kind.value,
        index.plan.reason,
        settings.k,
        index.recall,
    )
    requests = list(sample_for_signatures(held_out, catalogue, table, settings.k))
    export_bundle(bundle_uri, towers, candidates, index.search, exact, options, requests)
    probed = probe_in_new_process(bundle_uri)
    _progress.info(
        "index: every signature called in a new process, %.2f ms a request (p99 %.2f)",
        probed["latency_ms"]["p50"],
        probed["latency_ms"]["p99"],
    )
    report = _report(index, candidates, held_out, probed, settings)
    report["size_bytes"] = size_bytes(os.path.join(bundle_uri, SCANN))
    return Bundled(report, gates(index.recall, probed, index.size_bytes, settings))


def choose_index(exact: ExactSearch, queries: Queries, settings: IndexSettings) -> Index:
    """Builds the index that the size of the catalogue calls for, and tunes it.

    Args:
      exact: Search over the items; its embeddings are indexed.
      queries: Held-out queries: one half chooses, the other is reported on.
      settings: The index section of the configuration.
    """
    num_items = exact.num_items
    vectors_bytes = exact.embedding.numpy().nbytes
    fetch = min(num_items, settings.max_k + queries.exclude_rows.shape[1])
    plan = make_plan(num_items, settings)
    as_exact = Index(exact, plan, 1.0, fetch, vectors_bytes, [])
    if not plan.is_scann:
        return as_exact
    trained = train_scann(exact.embedding, plan)
    chosen_on, reported_on = queries.halves()
    search, curve = tune(trained, plan, exact, chosen_on, settings, fetch)
    if settings.kind == "auto" and _is_exact_faster(exact, curve, search.plan, chosen_on, fetch):
        reason = "index.kind is auto, and exact search was faster"
        return Index(exact, SearchPlan(SearchKind.EXACT, reason), 1.0, fetch, vectors_bytes, curve)
    found = top_rows(search, reported_on, settings.k, fetch)
    reference = top_rows(exact, reported_on, settings.k, fetch)
    state_bytes = sum(len(tf.io.serialize_tensor(part).numpy()) for part in trained.state)
    return Index(
        search, search.plan, recall(found, reference), fetch, vectors_bytes + state_bytes, curve
    )


def probe_in_new_process(bundle_uri: str) -> dict[str, Any]:
    """Runs `components.indexer.probe`.

    Raises:
      RuntimeError: It failed; its last lines are in the message.
    """
    root = str(Path(components.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "2"}
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "probe.json")
        command = [sys.executable, "-m", "components.indexer.probe", bundle_uri]
        finished = subprocess.run(
            [*command, "--output", output],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(
                f"the bundle at {bundle_uri} cannot be served; a process that loaded it ended with "
                f"code {finished.returncode}:\n{finished.stderr[-2000:]}"
            )
        return json.loads(Path(output).read_text(encoding="utf-8"))


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


def _is_exact_faster(
    exact: ExactSearch, curve: list[Measured], plan: SearchPlan, queries: Queries, fetch: int
) -> bool:
    chosen = next(point for point in curve if point.plan == plan)
    return latency_ms(exact, queries, fetch) <= chosen.latency_ms


def _report(
    index: Index,
    candidates: Candidates,
    held_out: HeldOut,
    probed: dict[str, Any],
    settings: IndexSettings,
) -> dict[str, Any]:
    plan = {**asdict(index.plan), "kind": index.plan.kind.value}
    memory = probed["memory_bytes"]
    return {
        "kind": index.plan.kind.value,
        "reason": index.plan.reason,
        "plan": plan,
        f"recall@{settings.k}": index.recall,
        "fetch": index.fetch,
        "queries": len(held_out),
        "queries_from": held_out.split,
        "curve": [
            {
                "leaves_to_search": point.plan.leaves_to_search,
                "reorder_factor": point.plan.reorder_factor,
                "recall": point.recall,
                "search_ms": point.latency_ms,
            }
            for point in index.curve
        ],
        "candidates": len(candidates),
        "dim": int(candidates.embedding.shape[1]),
        "index_bytes": index.size_bytes,
        "memory_bytes": memory["all"] - memory["before"],
        "memory_growth_bytes": memory["all"] - memory["first"],
        "load_seconds": probed["load_seconds"],
        "latency_ms": probed["latency_ms"],
        "signatures": probed["signatures"],
    }
