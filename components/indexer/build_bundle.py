"""Builds a serving bundle from the trained towers and the raw catalogue, and probes it."""

from dataclasses import dataclass
from typing import Any

from components.gate import GateResult
from components.indexer.bundle_parts import choose_parts, export_bundle, export_exact
from components.indexer.gate import index_gates
from components.indexer.probe.parity_cases import parity_result, read_parity_cases
from components.indexer.probe.probe_process import ProbeProcess
from components.indexer.report import probe_report
from components.progress import progress
from components.records.item_notes import read_notes
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
    parts = choose_parts(model_path, catalogue_uri, windows_uri, data, settings, is_reindex)
    with ProbeProcess(bundle_uri) as process:
        report = export_bundle(parts, bundle_uri, settings)
        if parts.twin.is_approximate:
            export_exact(parts, process.reference)
        parity_cases = read_parity_cases(
            model_path, windows_uri, parts.catalogue, parts.options, is_reindex
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
    index = parts.index
    plans = {name: kind.plan for name, kind in index.others.items()}
    twin_plans = {name: kind.plan for name, kind in parts.twin.searches.items()}
    verdicts = index_gates(
        index.recall, index.plan, probed, index.size_bytes, settings, plans, twin_plans
    )
    return BuiltBundle(report, [*verdicts, parity.gate])
