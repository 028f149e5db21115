"""Reads the final status that a compiled pipeline passes to its exit handler.

It contains the state of the pipeline but no information on the steps. Its format is KFP's
`PipelineTaskFinalStatus` as JSON:
https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/control-flow/
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FinalStatus:
    """The final status of a compiled pipeline.

    Attributes:
      state: SUCCEEDED, FAILED or CANCELLED. SUCCEEDED does not imply that a model was pushed.
      error: The error message, or None.
      job: The resource name of the pipeline job, or None.
    """

    state: str
    error: str | None
    job: str | None


def read_final_status(run: dict[str, Any]) -> FinalStatus | None:
    """Parses `run` as a final status; returns None if it is the record of a local run."""
    if "state" not in run or "name" in run or "status" in run:
        return None
    error = (run.get("error") or {}).get("message")
    return FinalStatus(run["state"], error or None, run.get("pipelineJobResourceName") or None)
