"""Checks Kubernetes objects against the models of the official client."""

import re
from typing import Any

from kubernetes import client
from kubernetes.utils.quantity import parse_quantity

_MODELS = {
    ("v1", "ConfigMap"): "V1ConfigMap",
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
    ("v1", "Service"): "V1Service",
    ("apps/v1", "Deployment"): "V1Deployment",
    ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
}
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


class _Response:
    """What the client takes for the response of a cluster."""

    def __init__(self, data: str):
        self.data = data


def check_object(document: dict[str, Any], json: str) -> None:
    """Checks an object: the client drops unknown fields, converts types and needs required fields.

    Args:
      document: The object.
      json: The object as JSON.

    Raises:
      ValueError: A required field is missing, or a value has no meaning for its field.
      AssertionError: A field is unknown, or a value has another type than that of its field.
    """
    api = client.ApiClient()
    model = _MODELS[document["apiVersion"], document["kind"]]
    understood = api.sanitize_for_serialization(api.deserialize(_Response(json), model))
    assert understood == document
    _check_values(document)


def _check_values(value: Any, path: tuple[str, ...] = ()) -> None:
    """Checks what the client takes for any text: labels, annotations and quantities."""
    if isinstance(value, list):
        for element in value:
            _check_values(element, path)
    elif isinstance(value, dict):
        for key, element in value.items():
            _check_values(element, (*path, key))
    elif "labels" in path or "matchLabels" in path:
        assert _LABEL_VALUE.fullmatch(value), (path, value)
    elif "resources" in path:
        assert parse_quantity(value) > 0, (path, value)
