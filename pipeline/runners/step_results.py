"""Results of the steps of a run, read from ML Metadata: status, wall time and output artifacts."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

_STATUS = {
    mlmd.Execution.COMPLETE: "complete",
    mlmd.Execution.CACHED: "cached",
    mlmd.Execution.FAILED: "failed",
    mlmd.Execution.RUNNING: "failed",
    mlmd.Execution.CANCELED: "failed",
}
SKIPPED = "skipped"


@dataclass(frozen=True)
class StepResult:
    """The result of one component in one run.

    Attributes:
      component: Id of the component in the graph.
      status: "complete", "cached", "failed" or "skipped" (not started).
      seconds: Wall time of the execution.
      outputs: Output key → URIs of its artifacts.
      error: Message of the error that ended the step, if it failed.
      peak_bytes: Largest memory of the process while the step ran, if it was measured
        (`pipeline.runners.peak_memory`).
    """

    component: str
    status: str
    seconds: float
    outputs: dict[str, list[str]]
    error: str | None = None
    peak_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the JSON values that RunReporter expects."""
        return {
            "component": self.component,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "fragment_uris": [uri for uris in self.outputs.values() for uri in uris],
            "error": self.error,
            "peak_memory_bytes": self.peak_bytes,
        }


def read_step_results(
    metadata_path: str, pipeline_name: str, components: Sequence[str], since_s: float
) -> list[StepResult]:
    """Returns the results of a pipeline's newest run, in the order of the graph.

    Args:
      metadata_path: SQLite file of the metadata store.
      pipeline_name: Name of the pipeline.
      components: Ids of all components; those without an execution get the status "skipped".
      since_s: Start of the run, in seconds since the epoch; older executions are ignored.
    """
    store = metadata_store.MetadataStore(metadata.sqlite_metadata_connection_config(metadata_path))
    results = {}
    for component in components:
        context = store.get_context_by_type_and_name("node", f"{pipeline_name}.{component}")
        executions = store.get_executions_by_context(context.id) if context else []
        recent = [e for e in executions if e.create_time_since_epoch >= since_s * 1000]
        if recent:
            newest = max(recent, key=lambda execution: execution.create_time_since_epoch)
            results[component] = _step_result(store, component, newest)
    return [results.get(name, StepResult(name, SKIPPED, 0.0, {})) for name in components]


def last_durations(
    metadata_path: str, pipeline_name: str, components: Sequence[str]
) -> dict[str, float]:
    """Returns the seconds of the newest complete execution of each component that has one.

    Executions that were answered from the cache do not count.

    Args:
      metadata_path: SQLite file of the metadata store; it may not exist yet.
      pipeline_name: Name of the pipeline.
      components: Ids of the components.
    """
    if not os.path.exists(metadata_path):
        return {}
    store = metadata_store.MetadataStore(metadata.sqlite_metadata_connection_config(metadata_path))
    seconds = {}
    for component in components:
        context = store.get_context_by_type_and_name("node", f"{pipeline_name}.{component}")
        executions = store.get_executions_by_context(context.id) if context else []
        complete = [e for e in executions if e.last_known_state == mlmd.Execution.COMPLETE]
        if complete:
            newest = max(complete, key=lambda execution: execution.create_time_since_epoch)
            seconds[component] = _seconds(newest)
    return seconds


def _seconds(execution: mlmd.Execution) -> float:
    elapsed_ms = execution.last_update_time_since_epoch - execution.create_time_since_epoch
    return elapsed_ms / 1000.0


def _step_result(
    store: metadata_store.MetadataStore, component: str, execution: mlmd.Execution
) -> StepResult:
    status = _STATUS.get(execution.last_known_state, "failed")
    return StepResult(component, status, _seconds(execution), _output_uris(store, execution))


def _output_uris(
    store: metadata_store.MetadataStore, execution: mlmd.Execution
) -> dict[str, list[str]]:
    keys = {
        event.artifact_id: event.path.steps[0].key
        for event in store.get_events_by_execution_ids([execution.id])
        if event.type == mlmd.Event.OUTPUT
    }
    outputs: dict[str, list[str]] = {}
    for artifact in store.get_artifacts_by_id(list(keys)):
        outputs.setdefault(keys[artifact.id], []).append(artifact.uri)
    return outputs
