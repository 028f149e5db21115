"""What a compiled pipeline tells its exit handler: a state, and nothing of the steps.

The message is KFP's `PipelineTaskFinalStatus` as JSON:
https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/control-flow/
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FinalStatus:
    """How the pipeline ended.

    Attributes:
      state: SUCCEEDED, FAILED or CANCELLED. A run that succeeded need not have pushed.
      error: The message of the failure, or None.
      job: Resource name of the pipeline job, or None.
    """

    state: str
    error: str | None
    job: str | None


def read_final_status(run: dict[str, Any]) -> FinalStatus | None:
    """The final status that `run` is, or None where it is the record of a local run."""
    if "state" not in run or "name" in run or "status" in run:
        return None
    error = (run.get("error") or {}).get("message")
    return FinalStatus(run["state"], error or None, run.get("pipelineJobResourceName") or None)
