"""What ML Metadata says of the newest run: each step's outcome, seconds and artifacts."""

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
class Step:
    """One component of one run.

    Attributes:
      component: Its id in the graph.
      status: complete, cached, failed, or skipped (never reached).
      seconds: Wall time of its execution.
      outputs: Output key → URIs of its artifacts.
      error: What it failed of.
    """

    component: str
    status: str
    seconds: float
    outputs: dict[str, list[str]]
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON values, as RunReporter takes them."""
        return {
            "component": self.component,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "fragment_uris": [uri for uris in self.outputs.values() for uri in uris],
            "error": self.error,
        }


def read_steps(
    metadata_path: str, pipeline_name: str, components: Sequence[str], since_s: float
) -> list[Step]:
    """The steps of the newest run of a pipeline, in the graph's order.

    Args:
      metadata_path: The SQLite file.
      pipeline_name: The pipeline's name.
      components: Ids of all components; those without an execution are `skipped`.
      since_s: Executions begun before this instant (seconds since the epoch) belong to older runs.
    """
    store = metadata_store.MetadataStore(metadata.sqlite_metadata_connection_config(metadata_path))
    found = {}
    for component in components:
        context = store.get_context_by_type_and_name("node", f"{pipeline_name}.{component}")
        executions = store.get_executions_by_context(context.id) if context else []
        recent = [e for e in executions if e.create_time_since_epoch >= since_s * 1000]
        if recent:
            newest = max(recent, key=lambda execution: execution.create_time_since_epoch)
            found[component] = _step(store, component, newest)
    return [found.get(name, Step(name, SKIPPED, 0.0, {})) for name in components]


def _step(store: metadata_store.MetadataStore, component: str, execution: mlmd.Execution) -> Step:
    elapsed_ms = execution.last_update_time_since_epoch - execution.create_time_since_epoch
    status = _STATUS.get(execution.last_known_state, "failed")
    return Step(component, status, elapsed_ms / 1000.0, _outputs(store, execution))


def _outputs(
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
