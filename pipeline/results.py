"""What `twotower run` prints at its end."""

import json
from pathlib import Path
from typing import Any

from components.run_reporter.summary import render_summary
from pipeline.exit_codes import ExitCode
from pipeline.local import RunOutcome
from pipeline.showcase import render_showcase
from schemas.features import feature_table
from schemas.settings import Settings


def render_results(settings: Settings, outcome: RunOutcome) -> str:
    """Metrics beside baselines, gates, places and, after a push, recommendations for three users.

    Args:
      settings: The run's settings.
      outcome: How the run ended.
    """
    summary = render_summary(_read(outcome.paths.metrics), _read(outcome.paths.run))
    if outcome.code is not ExitCode.PUSHED:
        return summary + "\n"
    windows = outcome.output_uri("InteractionExampleGen", "windows")
    catalogue = outcome.output_uri("CatalogueExampleGen", "examples")
    if windows is None or catalogue is None:
        raise RuntimeError("the run pushed a model but left no examples in its metadata")
    showcase = render_showcase(
        outcome.paths.serving_dir, windows, catalogue, feature_table(settings.data)
    )
    return f"{summary}\n{showcase}"


def _read(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))
