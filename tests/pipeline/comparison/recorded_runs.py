"""Directories of finished runs, with or without an evaluation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.user_metrics import UserMetrics, write_user_metrics
from components.run_reporter.collect import collect_metrics, collect_run
from schemas.steps import METRICS_FILE, RUN_FILE
from tests.components.run_reporter import runs

ByUser = dict[str, npt.NDArray[np.float64]]
PROVENANCE = {
    "data": {"interactions": "aaaa", "catalogue": "bbbb"},
    "code": {"version": "0.1.0", "hash": "cccc", "commit": "dddd"},
    "launch": "eeee",
}


def write_run(
    folder: Path,
    by_user: ByUser | None = None,
    digest: str = "same",
    failed: str | None = None,
    **changes: Any,
) -> str:
    """Writes the files of a run and returns its directory.

    Args:
      folder: The run directory.
      by_user: The metrics of each user; None for a run of an older release, which keeps none.
      digest: The digest of the targets.
      failed: The step that failed, if any; those after it did not run.
      **changes: Values of the record.
    """
    folder.mkdir(parents=True)
    steps = runs.steps(failed, "it failed" if failed else None)
    ran = {step["component"] for step in steps if step["status"] == "complete"}
    fragments = {name: part for name, part in runs.fragments().items() if name in ran}
    paths: dict[str, str] = {}
    if by_user is not None:
        evaluation = folder / "pipeline_root" / "evaluation"
        evaluation.mkdir(parents=True)
        write_user_metrics(str(evaluation), UserMetrics(digest, by_user))
        paths["evaluation"] = "runs/demo/pipeline_root/evaluation"
        means = {name: float(values.mean()) for name, values in by_user.items()}
        fragments["RetrievalEvaluator"]["test"]["model"] = means
    record = runs.run(paths=paths, provenance=PROVENANCE, **changes)
    for name, content in (
        (METRICS_FILE, collect_metrics(fragments, record)),
        (RUN_FILE, collect_run(steps, fragments, record)),
    ):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return str(folder)


def hits(share: float, num_users: int = 200, seed: int = 1) -> ByUser:
    """Returns values of recall of users, of which about `share` are 1."""
    draws = np.random.default_rng(seed).random(num_users)
    return {"recall@10": (draws < share).astype(float)}
