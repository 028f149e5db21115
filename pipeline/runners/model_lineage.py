"""Lineage of a pushed model version: the artifacts that it was made from, in ML Metadata."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.runners.metadata_graph import artifacts_by_key, open_store, producer
from schemas.errors import InputError
from schemas.privacy_settings import EraseSettings
from schemas.settings import from_dict
from schemas.steps import PUSHER


@dataclass(frozen=True)
class ModelLineage:
    """Artifact folders behind a pushed model version, and the ids that ingestion erased.

    Attributes:
      model: Folder of the towers that the version serves.
      proven_model: Folder of the towers that were evaluated; without a refit the same ones.
      windows: Folder of the raw windows that the index was tuned on.
      model_blessing: Folder of the evaluator's blessing.
      refit_blessing: Folder of the blessing of the refit; None if the towers were not refitted.
      evaluation: Folder of the evaluation metrics.
      events_statistics: Folder of the statistics of the training events.
      erase: Ids that ingestion erased and that a new catalogue must not contain either.
    """

    model: str
    proven_model: str
    windows: str
    model_blessing: str
    refit_blessing: str | None
    evaluation: str
    events_statistics: str
    erase: EraseSettings


def read_model_lineage(
    metadata_path: str, pipeline_name: str, version: str, locate: Callable[[str], str]
) -> ModelLineage:
    """Returns the lineage of a pushed version.

    Args:
      metadata_path: SQLite file of the run's metadata store.
      pipeline_name: Name of the run's pipeline.
      version: The version that the run pushed.
      locate: Maps the recorded URI of an artifact to its current folder.

    Raises:
      InputError: The metadata file does not exist, or it has no record of the version.
    """
    if not os.path.exists(metadata_path):
        raise InputError(
            f"{metadata_path}: no such file; a re-index needs the whole run directory, including "
            "its metadata and pipeline_root"
        )
    store = open_store(metadata_path)
    push = _push_execution(store, pipeline_name, version)
    if push is None:
        raise InputError(
            f"{metadata_path}: has no record of a push of version {version} by {pipeline_name!r}, "
            "although run.json names that version, so the two files belong to different runs; run "
            "`twotower run` again"
        )
    push_inputs = artifacts_by_key(store, push, mlmd.Event.INPUT)
    indexing = producer(store, push_inputs["bundle"])
    index_inputs = artifacts_by_key(store, indexing, mlmd.Event.INPUT)
    ingestion = producer(store, index_inputs["catalogue"])
    data: dict[str, Any] = json.loads(ingestion.custom_properties["data"].string_value)
    return ModelLineage(
        model=locate(index_inputs["model"].uri),
        # Before versions kept their proven towers, VersionedPusher did not read them.
        proven_model=locate(push_inputs.get("model", index_inputs["model"]).uri),
        windows=locate(index_inputs["windows"].uri),
        model_blessing=locate(push_inputs["model_blessing"].uri),
        refit_blessing=(
            locate(push_inputs["refit_blessing"].uri) if "refit_blessing" in push_inputs else None
        ),
        evaluation=locate(push_inputs["evaluation"].uri),
        events_statistics=locate(push_inputs["events_statistics"].uri),
        erase=from_dict(EraseSettings, data["erase"]),
    )


def _push_execution(
    store: metadata_store.MetadataStore, pipeline_name: str, version: str
) -> mlmd.Execution | None:
    """Returns the newest execution that pushed the version or found it already pushed."""
    context = store.get_context_by_type_and_name("node", f"{pipeline_name}.{PUSHER}")
    executions = store.get_executions_by_context(context.id) if context else []
    for execution in sorted(executions, key=lambda e: e.id, reverse=True):
        for artifact in artifacts_by_key(store, execution, mlmd.Event.OUTPUT).values():
            if artifact.custom_properties["pushed_version"].string_value == version:
                return execution
    return None
