"""The steps that made a version, from ML Metadata: the push and everything upstream of it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.runners.metadata_graph import artifacts_by_key, open_store, producer
from schemas.steps import PUSHER

_NODE, _RUN = "node", "pipeline_run"


@dataclass(frozen=True)
class RecordedStep:
    """The execution of a component that produced something of which the version was made.

    Attributes:
      component: Name of the component in the graph.
      pipeline: Name of its pipeline; that of a re-index ends with `-reindex`.
      run: Id of the pipeline run in ML Metadata, the time of its start on this machine. A step of
        another run than the push was taken from TFX's cache, or trained the towers of a re-index.
      execution: Id of the execution.
      started: Start of the execution, ISO 8601 UTC.
      seconds: Its wall time.
      code_version: Hash of its code and libraries (docs/development.md, "Cache keys"); None for a
        component of TFX.
      fingerprint: Fingerprint of the input files that it read; None if it read none.
      inputs: Folder of each input artifact by key.
      outputs: Folder of each output artifact by key.
    """

    component: str
    pipeline: str
    run: str
    execution: int
    started: str
    seconds: float
    code_version: str | None
    fingerprint: str | None
    inputs: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True)
class RecordedPush:
    """The push of a version, and all steps upstream of it.

    Attributes:
      version: The version that was pushed.
      provenance: The data, code and run that the step was given; {} in older stores.
      steps: The steps in the order of their executions, the push last.
    """

    version: str
    provenance: dict[str, Any]
    steps: list[RecordedStep]


def read_push(
    metadata_path: str, versions: list[str], launch: str | None, locate: Callable[[str], str]
) -> RecordedPush | None:
    """Returns the push of a version with the steps upstream of it.

    Args:
      metadata_path: An existing SQLite file of a metadata store.
      versions: The version, and the version as which its towers were first pushed. A version that
        only has another list of unavailable items was not pushed by a pipeline; the version with
        the same launch was.
      launch: The random id of the launch in the manifest; None in older manifests.
      locate: Maps the recorded URI of an artifact to its current folder.

    Returns:
      The push; None if the store has no record of it.
    """
    store = open_store(metadata_path)
    pushes = [
        (execution, version)
        for execution in _executions(store, PUSHER)
        if (version := _pushed_version(store, execution)) is not None
    ]
    found = _select(pushes, versions, launch)
    if found is None:
        return None
    execution, version = found
    steps = [_step(store, upstream, locate) for upstream in _with_upstream(store, execution)]
    return RecordedPush(version, _provenance(execution), steps)


def _executions(store: metadata_store.MetadataStore, component: str) -> list[mlmd.Execution]:
    """Returns the executions of a component in all pipelines of the store, newest first."""
    executions = [
        execution
        for context in store.get_contexts_by_type(_NODE)
        if context.name.rpartition(".")[2] == component
        for execution in store.get_executions_by_context(context.id)
    ]
    return sorted(executions, key=lambda execution: execution.id, reverse=True)


def _pushed_version(store: metadata_store.MetadataStore, push: mlmd.Execution) -> str | None:
    for artifact in artifacts_by_key(store, push, mlmd.Event.OUTPUT).values():
        if version := artifact.custom_properties["pushed_version"].string_value:
            return str(version)
    return None


def _select(
    pushes: list[tuple[mlmd.Execution, str]], versions: list[str], launch: str | None
) -> tuple[mlmd.Execution, str] | None:
    """Returns the push by the launch, else the newest push of the first version that has one."""
    for execution, version in pushes:
        if launch is not None and _provenance(execution).get("run", {}).get("launch") == launch:
            return execution, version
    for wanted in versions:
        for execution, version in pushes:
            if version == wanted:
                return execution, version
    return None


def _provenance(push: mlmd.Execution) -> dict[str, Any]:
    return json.loads(_property(push, "provenance") or "{}")


def _with_upstream(
    store: metadata_store.MetadataStore, push: mlmd.Execution
) -> list[mlmd.Execution]:
    """Returns an execution and all that produced its inputs, directly or not, oldest first."""
    found = {push.id: push}
    pending = [push]
    while pending:
        inputs = artifacts_by_key(store, pending.pop(), mlmd.Event.INPUT)
        for artifact in inputs.values():
            execution = producer(store, artifact)
            if execution.id not in found:
                found[execution.id] = execution
                pending.append(execution)
    return [found[key] for key in sorted(found)]


def _step(
    store: metadata_store.MetadataStore, execution: mlmd.Execution, locate: Callable[[str], str]
) -> RecordedStep:
    contexts = {
        store.get_context_types_by_id([context.type_id])[0].name: context.name
        for context in store.get_contexts_by_execution(execution.id)
    }
    pipeline, _, component = contexts.get(_NODE, "").rpartition(".")
    started_ms = execution.create_time_since_epoch
    started = datetime.fromtimestamp(started_ms / 1000.0, timezone.utc)
    custom_config = json.loads(_property(execution, "custom_config") or "{}")
    return RecordedStep(
        component=component,
        pipeline=pipeline,
        run=contexts.get(_RUN, ""),
        execution=execution.id,
        started=started.isoformat(timespec="seconds"),
        seconds=(execution.last_update_time_since_epoch - started_ms) / 1000.0,
        code_version=_property(execution, "code_version") or custom_config.get("code_version"),
        fingerprint=_property(execution, "fingerprint"),
        inputs=_folders(store, execution, mlmd.Event.INPUT, locate),
        outputs=_folders(store, execution, mlmd.Event.OUTPUT, locate),
    )


def _folders(
    store: metadata_store.MetadataStore,
    execution: mlmd.Execution,
    event_type: int,
    locate: Callable[[str], str],
) -> dict[str, str]:
    artifacts = artifacts_by_key(store, execution, event_type)
    return {key: locate(artifact.uri) for key, artifact in sorted(artifacts.items())}


def _property(execution: mlmd.Execution, name: str) -> str | None:
    return execution.custom_properties[name].string_value or None


def num_missing(steps: list[RecordedStep]) -> int:
    """Returns how many folders of output artifacts no longer exist."""
    folders = {folder for step in steps for folder in step.outputs.values()}
    return sum(not os.path.exists(folder) for folder in folders)
