"""What `twotower run` prints at its end."""

import json
from pathlib import Path
from typing import Any

from components.run_reporter.summary import render_summary
from pipeline.commands.showcase import render_showcase
from pipeline.exit_codes import ExitCode
from pipeline.runners.local import RunOutcome
from schemas.settings import Settings
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN


def render_outcome(outcome: RunOutcome) -> str:
    """Metrics beside baselines, gates with their verdicts, and where everything is."""
    return render_summary(_read(outcome.paths.metrics), _read(outcome.paths.run)) + "\n"


def render_recommendations(settings: Settings, outcome: RunOutcome) -> str:
    """What the model that now serves recommends to three users; nothing where none was pushed."""
    if outcome.code is not ExitCode.PUSHED:
        return ""
    windows = outcome.output_uri(INTERACTION_EXAMPLE_GEN, "windows")
    catalogue = outcome.output_uri(CATALOGUE_EXAMPLE_GEN, "examples")
    if windows is None or catalogue is None:
        raise RuntimeError("the run pushed a model but left no examples in its metadata")
    return render_showcase(outcome.paths.serving_dir, windows, catalogue, settings)


def _read(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))
