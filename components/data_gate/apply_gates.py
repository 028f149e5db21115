"""Reads the findings of the earlier steps and applies the gates to them."""

import os
from dataclasses import dataclass
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_data_validation.utils import anomalies_util
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components import files
from components.current_model.state import CurrentModelState
from components.data_gate.anomalies import (
    CATALOGUE_ANOMALIES,
    EVENTS_ANOMALIES,
    anomalies_gate,
)
from components.data_gate.catalogue_ids import catalogue_ids_gate
from components.data_gate.catalogue_size import catalogue_size_gate
from components.data_gate.drift import drift_gate
from components.data_gate.record_search import record_finder
from components.data_gate.reject_gates import TOTAL_GATES, reject_gates
from components.examples.read import read_item_ids
from components.fragment import read_fragment
from components.gate import GateResult
from components.served_reference import read_reference
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, EVENTS_SPLIT, feature_table
from schemas.settings import DataSettings
from schemas.steps import (
    ANOMALIES_FILE,
    CONFIG_SCHEMA,
    EXAMPLE_VALIDATOR,
    PUSHER,
    SCHEMA_FILE,
    STATISTICS_FILE,
    STATISTICS_GEN,
)


@dataclass(frozen=True, kw_only=True)
class CatalogueInputs:
    """Artifact folders that the gates on the catalogue read, and the version that serves."""

    catalogue: str
    catalogue_schema: str
    catalogue_anomalies: str
    catalogue_rejects: str
    current: CurrentModelState


@dataclass(frozen=True, kw_only=True)
class GateInputs(CatalogueInputs):
    """Artifact folders that all gates read, and the version that serves."""

    events: str
    events_statistics: str
    events_schema: str
    events_anomalies: str
    interaction_rejects: str


def apply_gates(
    inputs: GateInputs, data: DataSettings, max_catalogue_drop: float | None
) -> list[GateResult]:
    """Applies every gate to the data, including those after a gate that rejects.

    Raises:
      InputError: An output of an earlier step is missing.
    """
    return [
        *_interaction_reject_gates(inputs, data),
        *_user_reject_gates(inputs, data),
        *_catalogue_reject_gates(inputs, data),
        _catalogue_size_gate(inputs, data, max_catalogue_drop),
        *_event_gates(inputs, data),
        _catalogue_anomalies_gate(inputs, data),
    ]


def apply_catalogue_gates(
    inputs: CatalogueInputs, data: DataSettings, max_catalogue_drop: float | None
) -> list[GateResult]:
    """Applies the gates on the catalogue only, as a re-index does.

    Raises:
      InputError: An output of an earlier step is missing.
    """
    return [
        *_catalogue_reject_gates(inputs, data),
        _catalogue_size_gate(inputs, data, max_catalogue_drop),
        _catalogue_ids_gate(inputs, max_catalogue_drop),
        _catalogue_anomalies_gate(inputs, data),
    ]


def _interaction_reject_gates(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    counts = _read_counts(inputs.interaction_rejects)
    return reject_gates("interactions", data.interactions, counts["read"], counts["rejects"])


def _user_reject_gates(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    """Applies the gates on the users file, if there is one."""
    if data.users is None:
        return []
    counts = _read_counts(inputs.interaction_rejects).get("users_file")
    if counts is None:
        raise InputError(
            f"{inputs.interaction_rejects} contains no counts of the users file (`users:`); delete "
            "the folder, so that InteractionExampleGen runs again"
        )
    return reject_gates("users", data.users, counts["read"], counts["rejects"])


def _catalogue_reject_gates(inputs: CatalogueInputs, data: DataSettings) -> list[GateResult]:
    if data.items is None:
        reason = "there are no item files: the catalogue is the set of logged items"
        return [GateResult(TOTAL_GATES["items"], True, None, None, reason)]
    counts = _read_counts(inputs.catalogue_rejects)
    return reject_gates("items", data.items, counts["read"], counts["rejects"])


def _catalogue_size_gate(
    inputs: CatalogueInputs, data: DataSettings, max_drop: float | None
) -> GateResult:
    counts, current = _read_counts(inputs.catalogue_rejects), inputs.current
    return catalogue_size_gate(
        counts["items"],
        current.version,
        current.num_items,
        max_drop,
        None if data.items is None else counts["kept"],
        current.num_listed_items,
    )


def _catalogue_ids_gate(inputs: CatalogueInputs, max_drop: float | None) -> GateResult:
    current = inputs.current
    reference = read_reference(current.serving_path) if current.serving_path else None
    served_ids = reference.item_ids if reference else None
    return catalogue_ids_gate(
        read_item_ids(inputs.catalogue), current.version, served_ids, max_drop
    )


def _event_gates(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    schema, labels = _read_schema(inputs.events_schema), feature_table(data).event_labels
    find_records = record_finder(inputs.events, EVENTS_SPLIT, schema, data.rejects, labels)
    anomalies = _read_anomalies(inputs.events_anomalies, EVENTS_SPLIT)
    path = os.path.join(inputs.events_statistics, f"Split-{EVENTS_SPLIT}", STATISTICS_FILE)
    statistics = _read_statistics(path, STATISTICS_GEN)
    reference_path = inputs.current.statistics_path
    reference = _read_statistics(reference_path, PUSHER) if reference_path else None
    return [
        anomalies_gate(EVENTS_ANOMALIES, anomalies, "events", schema, find_records, labels),
        drift_gate(statistics, schema, reference, find_records, labels),
    ]


def _catalogue_anomalies_gate(inputs: CatalogueInputs, data: DataSettings) -> GateResult:
    schema, labels = _read_schema(inputs.catalogue_schema), feature_table(data).item_labels
    find_records = record_finder(inputs.catalogue, CATALOGUE_SPLIT, schema, data.rejects, labels)
    anomalies = _read_anomalies(inputs.catalogue_anomalies, CATALOGUE_SPLIT)
    return anomalies_gate(
        CATALOGUE_ANOMALIES, anomalies, "catalogue items", schema, find_records, labels
    )


def _read_schema(uri: str) -> schema_pb2.Schema:
    return tfdv.load_schema_text(_require_file(os.path.join(uri, SCHEMA_FILE), CONFIG_SCHEMA))


def _read_counts(uri: str) -> dict[str, Any]:
    fragment = read_fragment(uri)
    if fragment is None:
        raise InputError(
            f"{uri} contains no counts of rejected records; delete the folder, so that the step "
            "that reads the input files runs again"
        )
    return fragment


def _read_anomalies(uri: str, split: str) -> anomalies_pb2.Anomalies:
    path = os.path.join(uri, f"Split-{split}", ANOMALIES_FILE)
    return anomalies_util.load_anomalies_binary(_require_file(path, EXAMPLE_VALIDATOR))


def _read_statistics(path: str, step: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    return tfdv.load_stats_binary(_require_file(path, step))


def _require_file(path: str, step: str) -> str:
    """Returns `path` if the file exists.

    Raises:
      InputError: The file does not exist; the message names `step` as its writer.
    """
    if not files.exists(path):
        raise InputError(
            f"{path} does not exist, although {step} writes it; run the pipeline again"
        )
    return path
