"""Reads what the earlier steps found and passes it through every gate."""

import os
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.utils import anomalies_util
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.data_gate.anomalies import (
    CATALOGUE_ANOMALIES,
    EVENTS_ANOMALIES,
    anomalies_gate,
)
from components.data_gate.drift import drift_gate
from components.data_gate.records import record_finder
from components.data_gate.rejects import TOTALS, reject_gates
from components.fragment import read_fragment
from components.gate import GateResult
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, EVENTS_SPLIT
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
    """Artifact folders of the catalogue."""

    catalogue: str
    catalogue_schema: str
    catalogue_anomalies: str
    catalogue_rejects: str


@dataclass(frozen=True, kw_only=True)
class GateInputs(CatalogueInputs):
    """Artifact folders, and the reference: a file of statistics, None where nothing serves."""

    events: str
    events_statistics: str
    events_schema: str
    events_anomalies: str
    interaction_rejects: str
    reference_statistics: str | None


def decide(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    """Passes the data through every gate, whether or not one of them rejects.

    Raises:
      InputError: What an earlier step should have written is missing.
    """
    return [
        *_interaction_rejects(inputs, data),
        *_user_rejects(inputs, data),
        *_catalogue_rejects(inputs, data),
        *_events_gates(inputs, data),
        _catalogue_anomalies(inputs, data),
    ]


def decide_on_catalogue(inputs: CatalogueInputs, data: DataSettings) -> list[GateResult]:
    """Those gates of `decide` that the catalogue alone passes through.

    Raises:
      InputError: What an earlier step should have written is missing.
    """
    return [*_catalogue_rejects(inputs, data), _catalogue_anomalies(inputs, data)]


def _interaction_rejects(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    counts = _counts(inputs.interaction_rejects)
    return reject_gates("interactions", data.interactions, counts["read"], counts["rejects"])


def _user_rejects(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    """The gates on the users file; none where there is no such file."""
    if data.users is None:
        return []
    counts = _counts(inputs.interaction_rejects).get("users_file")
    if counts is None:
        raise InputError(
            f"{inputs.interaction_rejects} holds no counts of the users file, which `users:` "
            "names; delete the folder, which makes InteractionExampleGen run again"
        )
    return reject_gates("users", data.users, counts["read"], counts["rejects"])


def _catalogue_rejects(inputs: CatalogueInputs, data: DataSettings) -> list[GateResult]:
    if data.items is None:
        reason = "there are no item files: the catalogue is the set of logged items"
        return [GateResult(TOTALS["items"], True, None, None, reason)]
    counts = _counts(inputs.catalogue_rejects)
    return reject_gates("items", data.items, counts["read"], counts["rejects"])


def _events_gates(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    schema = _schema(inputs.events_schema)
    find_records = record_finder(inputs.events, EVENTS_SPLIT, schema, data.rejects)
    anomalies = _anomalies(inputs.events_anomalies, EVENTS_SPLIT)
    path = os.path.join(inputs.events_statistics, f"Split-{EVENTS_SPLIT}", STATISTICS_FILE)
    statistics = _statistics(path, STATISTICS_GEN)
    reference = inputs.reference_statistics
    served = _statistics(reference, PUSHER) if reference else None
    return [
        anomalies_gate(EVENTS_ANOMALIES, anomalies, "events", schema, find_records),
        drift_gate(statistics, schema, served, find_records),
    ]


def _catalogue_anomalies(inputs: CatalogueInputs, data: DataSettings) -> GateResult:
    schema = _schema(inputs.catalogue_schema)
    find_records = record_finder(inputs.catalogue, CATALOGUE_SPLIT, schema, data.rejects)
    anomalies = _anomalies(inputs.catalogue_anomalies, CATALOGUE_SPLIT)
    return anomalies_gate(CATALOGUE_ANOMALIES, anomalies, "catalogue items", schema, find_records)


def _schema(uri: str) -> schema_pb2.Schema:
    return tfdv.load_schema_text(_existing(os.path.join(uri, SCHEMA_FILE), CONFIG_SCHEMA))


def _counts(uri: str) -> dict[str, Any]:
    fragment = read_fragment(uri)
    if fragment is None:
        raise InputError(
            f"{uri} holds no counts of rejected records; delete the folder, which makes the step "
            "that reads the files run again"
        )
    return fragment


def _anomalies(uri: str, split: str) -> anomalies_pb2.Anomalies:
    path = os.path.join(uri, f"Split-{split}", ANOMALIES_FILE)
    return anomalies_util.load_anomalies_binary(_existing(path, EXAMPLE_VALIDATOR))


def _statistics(path: str, step: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    return tfdv.load_stats_binary(_existing(path, step))


def _existing(path: str, step: str) -> str:
    if not tf.io.gfile.exists(path):
        raise InputError(
            f"{path} does not exist: {step} should have written it; run the pipeline again"
        )
    return path
