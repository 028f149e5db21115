"""Gathers the steps' fragments into `metrics.json` and `run.json`.

The keys of both are always the same. A section whose step did not speak (the run was rejected or
failed before it, or is compiled, where no step can be asked) is null: nothing is made up for it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from components.fragment import read_fragment
from components.run_reporter.final_status import read_final_status
from components.run_reporter.verdict import judge
from schemas.steps import (
    CATALOGUE_EXAMPLE_GEN,
    EVALUATOR,
    INDEXER,
    INTERACTION_EXAMPLE_GEN,
    PUSHER,
    TRAINER,
)

Fragments = dict[str, dict[str, Any]]

_RUN_KEYS = (
    "name",
    "config_path",
    "config",
    "config_hash",
    "versions",
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
    "diagnosis",
)
_STEP_KEYS = ("component", "status", "seconds", "error")


def gather_fragments(
    steps: Iterable[dict[str, Any]],
    read: Callable[[str], dict[str, Any] | None] = read_fragment,
) -> Fragments:
    """Every fragment of the run by the name of the component that wrote it, in step order."""
    found = [read(uri) for step in steps for uri in step["fragment_uris"]]
    return {fragment["component"]: fragment for fragment in found if fragment is not None}


def collect_metrics(fragments: Fragments, run: dict[str, Any]) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
      fragments: As `gather_fragments` gives them.
      run: What the runner knows of the run.
    """
    evaluation = fragments.get(EVALUATOR, {})
    return {
        **{key: evaluation.get(key) for key in _EVALUATION_KEYS},
        "index": fragments.get(INDEXER, {}).get("index"),
        "gates": _gates(fragments, run),
    }


def collect_run(
    steps: list[dict[str, Any]], fragments: Fragments, run: dict[str, Any]
) -> dict[str, Any]:
    """The content of `run.json`: the verdict, the steps, and what they counted on the way."""
    gates = _gates(fragments, run)
    return {
        **_known(run),
        "verdict": judge(steps, gates, fragments.get(PUSHER), run),
        "components": [{key: step.get(key) for key in _STEP_KEYS} for step in steps],
        "gates": gates,
        "ingestion": {
            "interactions": fragments.get(INTERACTION_EXAMPLE_GEN),
            "catalogue": fragments.get(CATALOGUE_EXAMPLE_GEN),
        },
        "training": fragments.get(TRAINER),
        "push": fragments.get(PUSHER),
    }


def _known(run: dict[str, Any]) -> dict[str, Any]:
    final = read_final_status(run)
    told = {"status": final.state, "error": final.error} if final else run
    return {key: told.get(key) for key in _RUN_KEYS}


def _gates(fragments: Fragments, run: dict[str, Any]) -> list[dict[str, Any]]:
    """Each gate once. A step that rejects leaves no artifact: its gates come with `run`."""
    told = [gate for fragment in fragments.values() for gate in fragment.get("gates", [])]
    names = {gate["name"] for gate in told}
    return [*told, *(gate for gate in run.get("gates") or [] if gate["name"] not in names)]
