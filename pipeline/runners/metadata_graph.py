"""The graph of executions and artifacts in ML Metadata.

https://www.tensorflow.org/tfx/guide/mlmd
"""

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd


def open_store(metadata_path: str) -> metadata_store.MetadataStore:
    """Returns the metadata store in an existing SQLite file, to read from it only."""
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = metadata_path
    config.sqlite.connection_mode = mlmd.SqliteMetadataSourceConfig.READONLY
    return metadata_store.MetadataStore(config)


def producer(store: metadata_store.MetadataStore, artifact: mlmd.Artifact) -> mlmd.Execution:
    """Returns the execution that produced an artifact.

    Cached executions record the artifact as their output too, so the first execution is taken.
    """
    producer_ids = [
        event.execution_id
        for event in store.get_events_by_artifact_ids([artifact.id])
        if event.type == mlmd.Event.OUTPUT
    ]
    (execution,) = store.get_executions_by_id([min(producer_ids)])
    return execution


def artifacts_by_key(
    store: metadata_store.MetadataStore, execution: mlmd.Execution, event_type: int
) -> dict[str, mlmd.Artifact]:
    """Returns the input or output artifacts of an execution by key.

    Args:
      store: The metadata store.
      execution: The execution.
      event_type: `Event.INPUT` or `Event.OUTPUT`.
    """
    keys = {
        event.artifact_id: event.path.steps[0].key
        for event in store.get_events_by_execution_ids([execution.id])
        if event.type == event_type
    }
    return {keys[artifact.id]: artifact for artifact in store.get_artifacts_by_id(list(keys))}
