"""Reads what the earlier steps found and passes it through every gate."""

import os
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.utils import anomalies_util
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.data_gate import gate as gates
from components.fragment import read_fragment
from components.gate import GateResult
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, EVENTS_SPLIT
from schemas.settings import DataSettings

STATISTICS_FILE = "FeatureStats.pb"
ANOMALIES_FILE = "SchemaDiff.pb"
SCHEMA_FILE = "schema.pbtxt"


@dataclass(frozen=True)
class GateInputs:
    """Artifact folders, and the reference: a file of statistics, None where nothing serves."""

    events_statistics: str
    events_schema: str
    events_anomalies: str
    catalogue_anomalies: str
    interaction_rejects: str
    catalogue_rejects: str
    reference_statistics: str | None


def decide(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    """Passes the data through every gate, whether or not one of them refuses.

    Raises:
      InputError: What an earlier step should have written is missing.
    """
    return [
        _interaction_rejects(inputs, data),
        *_user_rejects(inputs, data),
        _catalogue_rejects(inputs, data),
        gates.anomalies_gate(
            gates.EVENTS_ANOMALIES, _anomalies(inputs.events_anomalies, EVENTS_SPLIT), "events"
        ),
        gates.anomalies_gate(
            gates.CATALOGUE_ANOMALIES,
            _anomalies(inputs.catalogue_anomalies, CATALOGUE_SPLIT),
            "catalogue items",
        ),
        _drift(inputs),
    ]


def _interaction_rejects(inputs: GateInputs, data: DataSettings) -> GateResult:
    counts = _counts(inputs.interaction_rejects)
    limit = data.interactions.max_reject_fraction
    return gates.reject_gate(
        gates.INTERACTION_REJECTS, counts["read"], counts["rejects"], limit, "interactions"
    )


def _user_rejects(inputs: GateInputs, data: DataSettings) -> list[GateResult]:
    """The gate on the users file; none where there is no such file."""
    if data.users is None:
        return []
    counts = _counts(inputs.interaction_rejects).get("users_file")
    if counts is None:
        raise InputError(
            f"{inputs.interaction_rejects} holds no counts of the users file, which `users:` "
            "names; delete the folder, which makes InteractionExampleGen run again"
        )
    limit = data.users.max_reject_fraction
    return [
        gates.reject_gate(gates.USER_REJECTS, counts["read"], counts["rejects"], limit, "users")
    ]


def _catalogue_rejects(inputs: GateInputs, data: DataSettings) -> GateResult:
    if data.items is None:
        reason = "there are no item files: the catalogue is the set of logged items"
        return GateResult(gates.CATALOGUE_REJECTS, True, None, None, reason)
    counts = _counts(inputs.catalogue_rejects)
    limit = data.items.max_reject_fraction
    return gates.reject_gate(
        gates.CATALOGUE_REJECTS, counts["read"], counts["rejects"], limit, "items"
    )


def _drift(inputs: GateInputs) -> GateResult:
    path = os.path.join(inputs.events_statistics, f"Split-{EVENTS_SPLIT}", STATISTICS_FILE)
    schema_path = _existing(os.path.join(inputs.events_schema, SCHEMA_FILE), "ConfigSchema")
    schema: schema_pb2.Schema = tfdv.load_schema_text(schema_path)
    reference = inputs.reference_statistics
    return gates.drift_gate(
        _statistics(path, "StatisticsGen"),
        schema,
        _statistics(reference, "VersionedPusher") if reference else None,
    )


def _counts(uri: str) -> dict[str, Any]:
    fragment = read_fragment(uri)
    if fragment is None:
        raise InputError(
            f"{uri} holds no counts of refused records; delete the folder, which makes the step "
            "that reads the files run again"
        )
    return fragment


def _anomalies(uri: str, split: str) -> anomalies_pb2.Anomalies:
    path = os.path.join(uri, f"Split-{split}", ANOMALIES_FILE)
    return anomalies_util.load_anomalies_binary(_existing(path, "ExampleValidator"))


def _statistics(path: str, step: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    return tfdv.load_stats_binary(_existing(path, step))


def _existing(path: str, step: str) -> str:
    if not tf.io.gfile.exists(path):
        raise InputError(
            f"{path} does not exist: {step} should have written it; run the pipeline again"
        )
    return path
