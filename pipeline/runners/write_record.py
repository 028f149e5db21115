"""The content of run.json: configuration, versions, outcome and paths of a run."""

import hashlib
import importlib.metadata
import json
import platform
from datetime import datetime, timezone
from typing import Any

from components.gate import GateRejectedError
from pipeline.exit_codes import ExitCode, error_chain, error_message
from pipeline.paths import RunPaths
from pipeline.runners.step_results import StepResult
from schemas.settings import Settings, to_json
from schemas.steps import CATALOGUE_EXAMPLE_GEN, EVALUATOR, INTERACTION_EXAMPLE_GEN, TRAINER
from schemas.version_set import recorded_set

RECORDED_LIBRARIES = (
    "tensorflow",
    "tf-keras",
    "tensorflow-recommenders",
    "tfx",
    "apache-beam",
    "scann",
)


def run_record(
    settings: Settings,
    config_path: str,
    paths: RunPaths,
    started_s: float,
    code: ExitCode,
    error: BaseException | None,
    steps: list[StepResult],
) -> dict[str, Any]:
    """Returns the JSON values to which RunReporter adds the fragment of every step.

    Args:
      settings: Settings of the run.
      config_path: The configuration file.
      paths: Paths of the run.
      started_s: Start of the run, in seconds since the epoch.
      code: Exit code of the run.
      error: The error that ended the run, if any.
      steps: Results of the steps.
    """
    config = config_without_ids(settings)
    return {
        "name": settings.name,
        "config_path": config_path,
        "config": config,
        "config_hash": config_hash(settings),
        "version_set": recorded_set(),
        "versions": versions(),
        "started": datetime.fromtimestamp(started_s, timezone.utc).isoformat(timespec="seconds"),
        "status": code.name.lower(),
        "exit_code": int(code),
        "error": error_message(error) if error else None,
        "gates": _rejected_gates(error),
        "paths": _recorded_paths(paths, steps),
    }


def config_hash(settings: Settings) -> str:
    """Returns a digest of the configuration: 16 hexadecimal digits."""
    return _digest(config_without_ids(settings))


def config_without_ids(settings: Settings) -> dict[str, Any]:
    """Returns the configuration as JSON values, with ids to erase as a count and a digest."""
    config = json.loads(to_json(settings))
    for key in ("user_ids", "item_ids"):
        if ids := config["erase"][key]:
            config["erase"][key] = {"count": len(ids), "digest": _digest(sorted(ids))}
    return config


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that a model depends on."""
    libraries = {name: importlib.metadata.version(name) for name in RECORDED_LIBRARIES}
    return {"python": platform.python_version(), **libraries}


def _rejected_gates(error: BaseException | None) -> list[dict[str, Any]]:
    """Returns the gates of a rejection, whose step fails and therefore has no output artifact."""
    for link in error_chain(error) if error else ():
        if isinstance(link, GateRejectedError):
            return [gate.to_dict() for gate in link.gates]
    return []


def _recorded_paths(paths: RunPaths, steps: list[StepResult]) -> dict[str, str]:
    outputs = {(step.component, key): uris for step in steps for key, uris in step.outputs.items()}
    recorded = {
        "serving": paths.serving_dir,
        "serving_portable": paths.portable_dir,
        "report": paths.report,
        "metrics": paths.metrics,
        "rejects": paths.rejects,
        "log": paths.log,
    }
    for name, key in (
        ("tensorboard", (TRAINER, "model_run")),
        ("catalogue", (CATALOGUE_EXAMPLE_GEN, "examples")),
        ("windows", (INTERACTION_EXAMPLE_GEN, "windows")),
        ("evaluation", (EVALUATOR, "evaluation")),
    ):
        if outputs.get(key):
            recorded[name] = outputs[key][0]
    return recorded
