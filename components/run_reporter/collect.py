"""Builds `metrics.json` and `run.json` from the fragments of the steps.

Both files always have the same keys. A section is null if its step wrote no fragment, because the
run was rejected or failed before the step, or if the fragments are not available, as in a compiled
pipeline.
"""

from collections.abc import Callable, Iterable
from typing import Any

from components.fragment import read_fragment
from components.run_reporter.final_status import read_final_status
from components.run_reporter.verdict import run_verdict
from schemas.steps import (
    CATALOGUE_EXAMPLE_GEN,
    EVALUATOR,
    INDEXER,
    INTERACTION_EXAMPLE_GEN,
    PUSHER,
    REFIT,
    TRAINER,
)

Fragments = dict[str, dict[str, Any]]

_RUN_KEYS = (
    "name",
    "config_path",
    "config",
    "config_hash",
    "version_set",
    "versions",
    "provenance",
    "started",
    "status",
    "exit_code",
    "error",
    "paths",
)
_EVALUATION_KEYS = (
    "protocol",
    "test",
    "confidence",
    "protocols",
    "baselines",
    "slices",
    "slice_intervals",
    "diagnosis",
    "later_negatives",
)
_STEP_KEYS = ("component", "status", "seconds", "error", "peak_memory_bytes")


def gather_fragments(
    steps: Iterable[dict[str, Any]],
    read: Callable[[str], dict[str, Any] | None] = read_fragment,
) -> Fragments:
    """Reads the fragments of the run's steps.

    Args:
      steps: The steps of the run, with their `fragment_uris`.
      read: Reads the fragment from an artifact folder; None if there is none.

    Returns:
      The fragments by the name of the component that wrote them, in the order of the steps.
    """
    fragments = [read(uri) for step in steps for uri in step["fragment_uris"]]
    return {fragment["component"]: fragment for fragment in fragments if fragment is not None}


def collect_metrics(fragments: Fragments, run: dict[str, Any]) -> dict[str, Any]:
    """Returns the content of `metrics.json`.

    Args:
      fragments: The fragments returned by `gather_fragments`.
      run: The runner's record of the run.
    """
    evaluation = fragments.get(EVALUATOR, {})
    return {
        "version_set": run.get("version_set"),
        **{key: evaluation.get(key) for key in _EVALUATION_KEYS},
        "refit": _refit(fragments.get(REFIT)),
        "index": fragments.get(INDEXER, {}).get("index"),
        "gates": _gates(fragments, run),
    }


def collect_run(
    steps: list[dict[str, Any]], fragments: Fragments, run: dict[str, Any]
) -> dict[str, Any]:
    """Returns the content of `run.json`: the verdict, the steps, and their counts.

    Args:
      steps: The steps of the run with status, duration and error.
      fragments: The fragments returned by `gather_fragments`.
      run: The runner's record of the run, or the final status of a compiled pipeline.
    """
    gates = _gates(fragments, run)
    return {
        **_run_fields(run),
        "verdict": run_verdict(steps, gates, fragments.get(PUSHER), run),
        "components": [{key: step.get(key) for key in _STEP_KEYS} for step in steps],
        "gates": gates,
        "ingestion": {
            "interactions": fragments.get(INTERACTION_EXAMPLE_GEN),
            "catalogue": fragments.get(CATALOGUE_EXAMPLE_GEN),
        },
        "training": fragments.get(TRAINER),
        "refit": fragments.get(REFIT),
        "push": fragments.get(PUSHER),
    }


def _refit(fragment: dict[str, Any] | None) -> dict[str, Any] | None:
    """Returns the measures of a refit; all other metrics are those of the proven towers."""
    if fragment is None:
        return None
    return {key: fragment[key] for key in ("kind", "learned_until", "rehearsal")}


def _run_fields(run: dict[str, Any]) -> dict[str, Any]:
    final = read_final_status(run)
    fields = {"status": final.state, "error": final.error} if final else run
    return {key: fields.get(key) for key in _RUN_KEYS}


def _gates(fragments: Fragments, run: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns each gate once.

    The artifacts of a step that rejects are not published, so its gates are taken from `run`.
    """
    gates = [gate for fragment in fragments.values() for gate in fragment.get("gates", [])]
    names = {gate["name"] for gate in gates}
    return [*gates, *(gate for gate in run.get("gates") or [] if gate["name"] not in names)]
