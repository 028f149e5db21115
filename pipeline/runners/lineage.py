"""What ML Metadata knows of a version that a run pushed: the artifacts behind it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

from schemas.data_settings import EraseSettings
from schemas.errors import InputError
from schemas.settings import from_dict
from schemas.steps import PUSHER


@dataclass(frozen=True)
class PushedModel:
    """Folders of artifacts, and what ingestion was told to erase.

    Attributes:
      model: The trained towers.
      windows: The raw windows that its index was tuned on.
      model_blessing: Its evaluation's verdict.
      evaluation: Its metrics.
      events_statistics: Of the events that it was trained on.
      erase: Ids that no catalogue may bring back.
    """

    model: str
    windows: str
    model_blessing: str
    evaluation: str
    events_statistics: str
    erase: EraseSettings


def read_pushed_model(
    metadata_path: str, pipeline_name: str, version: str, locate: Callable[[str], str]
) -> PushedModel:
    """Follows a pushed version back to its model.

    Args:
      metadata_path: The SQLite file of the run.
      pipeline_name: The name of the run's pipeline.
      version: The version that it pushed.
      locate: From the URI of an artifact to where it is now.

    Raises:
      InputError: There is no such file, or it does not know the version.
    """
    if not os.path.exists(metadata_path):
        raise InputError(
            f"{metadata_path}: no such file; a re-index needs the whole run directory, with its "
            "metadata and its pipeline_root"
        )
    store = metadata_store.MetadataStore(metadata.sqlite_metadata_connection_config(metadata_path))
    push = _push(store, pipeline_name, version)
    if push is None:
        raise InputError(
            f"{metadata_path}: knows of no push of version {version} by {pipeline_name!r}, of "
            "which run.json tells: the two are not of one run; run `twotower run` again"
        )
    pushed = _artifacts(store, push, mlmd.Event.INPUT)
    indexed = _artifacts(store, _maker(store, pushed["bundle"]), mlmd.Event.INPUT)
    ingestion = _maker(store, indexed["catalogue"])
    data: dict[str, Any] = json.loads(ingestion.custom_properties["data"].string_value)
    return PushedModel(
        model=locate(indexed["model"].uri),
        windows=locate(indexed["windows"].uri),
        model_blessing=locate(pushed["model_blessing"].uri),
        evaluation=locate(pushed["evaluation"].uri),
        events_statistics=locate(pushed["events_statistics"].uri),
        erase=from_dict(EraseSettings, data["erase"]),
    )


def _push(
    store: metadata_store.MetadataStore, pipeline_name: str, version: str
) -> mlmd.Execution | None:
    """The newest execution that pushed the version, or found it pushed."""
    context = store.get_context_by_type_and_name("node", f"{pipeline_name}.{PUSHER}")
    executions = store.get_executions_by_context(context.id) if context else []
    for execution in sorted(executions, key=lambda one: one.id, reverse=True):
        for artifact in _artifacts(store, execution, mlmd.Event.OUTPUT).values():
            if artifact.custom_properties["pushed_version"].string_value == version:
                return execution
    return None


def _maker(store: metadata_store.MetadataStore, artifact: mlmd.Artifact) -> mlmd.Execution:
    """The execution that made an artifact; cached ones name it as theirs, later."""
    made = [
        event.execution_id
        for event in store.get_events_by_artifact_ids([artifact.id])
        if event.type == mlmd.Event.OUTPUT
    ]
    (execution,) = store.get_executions_by_id([min(made)])
    return execution


def _artifacts(
    store: metadata_store.MetadataStore, execution: mlmd.Execution, kind: int
) -> dict[str, mlmd.Artifact]:
    """What an execution took or gave, by key."""
    keys = {
        event.artifact_id: event.path.steps[0].key
        for event in store.get_events_by_execution_ids([execution.id])
        if event.type == kind
    }
    return {keys[artifact.id]: artifact for artifact in store.get_artifacts_by_id(list(keys))}
