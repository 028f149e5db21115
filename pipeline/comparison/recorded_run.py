"""The record of a finished run, with its metrics and the metrics of each user."""

import os
from dataclasses import dataclass
from typing import Any

from components.evaluator.user_metrics import UserMetrics, read_user_metrics
from pipeline.runners.read_record import current_path, read_json_file, read_record
from schemas.steps import METRICS_FILE


@dataclass(frozen=True)
class RecordedRun:
    """A run as far as it went: it may have failed, or a gate may have rejected it.

    Attributes:
      run_dir: The run directory.
      record: Its run.json.
      metrics: Its metrics.json.
      users: The metrics of each user; None if the run has no evaluation that keeps them.
    """

    run_dir: str
    record: dict[str, Any]
    metrics: dict[str, Any]
    users: UserMetrics | None

    @property
    def version(self) -> str | None:
        """The version that the run pushed; None if it pushed nothing."""
        push = self.record.get("push") or {}
        return push.get("version") if push.get("pushed") else None

    def describe(self) -> dict[str, Any]:
        """Returns what identifies the run and its outcome, as JSON values."""
        record = self.record
        return {
            "directory": self.run_dir,
            "name": record.get("name"),
            "started": record.get("started"),
            "status": record.get("status"),
            "version": self.version,
            "error": record.get("error"),
        }


def read_run(run_dir: str) -> RecordedRun:
    """Reads a run.

    Raises:
      InputError: `run_dir` is not a run directory, or one of its files is damaged.
    """
    record = read_record(run_dir)
    metrics = read_json_file(os.path.join(run_dir, METRICS_FILE))
    evaluation = (record.get("paths") or {}).get("evaluation")
    users = None
    if evaluation is not None:
        users = read_user_metrics(current_path(run_dir, record, evaluation))
    return RecordedRun(run_dir, record, metrics, users)
