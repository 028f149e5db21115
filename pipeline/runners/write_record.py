"""What a run says of itself in run.json: configuration, versions, outcome and places."""

import hashlib
import importlib.metadata
import json
import platform
from datetime import datetime, timezone
from typing import Any

from components.gate import GateRejectedError
from pipeline.exit_codes import ExitCode, error_chain, error_message
from pipeline.paths import RunPaths
from pipeline.runners.steps import Step
from schemas.settings import Settings, to_json
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN, TRAINER

VERSIONED = ("tensorflow", "tf-keras", "tensorflow-recommenders", "tfx", "apache-beam", "scann")


def run_record(
    settings: Settings,
    config_path: str,
    paths: RunPaths,
    started_s: float,
    code: ExitCode,
    error: BaseException | None,
    steps: list[Step],
) -> dict[str, Any]:
    """The JSON values that RunReporter completes with every step's fragment."""
    config = _shown(settings)
    return {
        "name": settings.name,
        "config_path": config_path,
        "config": config,
        "config_hash": _digest(config),
        "versions": versions(),
        "started": datetime.fromtimestamp(started_s, timezone.utc).isoformat(timespec="seconds"),
        "status": code.name.lower(),
        "exit_code": int(code),
        "error": error_message(error) if error else None,
        "gates": _rejected_gates(error),
        "paths": _places(paths, steps),
    }


def _shown(settings: Settings) -> dict[str, Any]:
    """The configuration as JSON values; of ids to erase only how many, and a digest."""
    config = json.loads(to_json(settings))
    for key in ("user_ids", "item_ids"):
        if ids := config["erase"][key]:
            config["erase"][key] = {"count": len(ids), "digest": _digest(sorted(ids))}
    return config


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """The interpreter and the libraries that decide what a model is."""
    found = {name: importlib.metadata.version(name) for name in VERSIONED}
    return {"python": platform.python_version(), **found}


def _rejected_gates(error: BaseException | None) -> list[dict[str, Any]]:
    """The gates of a rejection: the step that rejected has no artifact left to say them in."""
    for link in error_chain(error) if error else ():
        if isinstance(link, GateRejectedError):
            return [gate.to_dict() for gate in link.gates]
    return []


def _places(paths: RunPaths, steps: list[Step]) -> dict[str, str]:
    outputs = {(step.component, key): uris for step in steps for key, uris in step.outputs.items()}
    places = {
        "serving": paths.serving_dir,
        "serving_exact": paths.exact_dir,
        "report": paths.report,
        "metrics": paths.metrics,
        "rejects": paths.rejects,
        "log": paths.log,
    }
    for name, key in (
        ("tensorboard", (TRAINER, "model_run")),
        ("catalogue", (CATALOGUE_EXAMPLE_GEN, "examples")),
        ("windows", (INTERACTION_EXAMPLE_GEN, "windows")),
    ):
        if outputs.get(key):
            places[name] = outputs[key][0]
    return places
