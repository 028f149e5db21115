"""Status and metadata of a model, as the JSON documents of TF Serving's REST API.

The documents are those of protobuf's JSON mapping with all fields, in which 64-bit integers are
strings. They are written out here, because protobuf versions differ in the options for it.
"""

from collections.abc import Mapping
from typing import Any

from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from pipeline.serving.version_status import VersionStatus


def status_document(statuses: Mapping[int, VersionStatus]) -> dict[str, Any]:
    """Returns a GetModelStatusResponse.

    Args:
      statuses: Status of each version.
    """
    return {
        "model_version_status": [
            {
                "version": str(version),
                "state": status.state.name,
                "status": {
                    "error_code": "UNKNOWN" if status.error else "OK",
                    "error_message": status.error,
                },
            }
            for version, status in sorted(statuses.items(), reverse=True)
        ]
    }


def metadata_document(
    name: str, version: int, definitions: Mapping[str, meta_graph_pb2.SignatureDef]
) -> dict[str, Any]:
    """Returns a GetModelMetadataResponse with the signatures.

    Args:
      name: Name of the model.
      version: Its version.
      definitions: The signature definitions by name.
    """
    signatures = {
        key: {
            "inputs": _tensors(definition.inputs),
            "outputs": _tensors(definition.outputs),
            "method_name": definition.method_name,
            "defaults": {},
        }
        for key, definition in sorted(definitions.items())
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(version)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _tensors(infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, Any]:
    return {key: _tensor(infos[key]) for key in sorted(infos)}


def _tensor(info: meta_graph_pb2.TensorInfo) -> dict[str, Any]:
    dimensions = [{"size": str(dim.size), "name": dim.name} for dim in info.tensor_shape.dim]
    return {
        "dtype": types_pb2.DataType.Name(info.dtype),
        "tensor_shape": {"dim": dimensions, "unknown_rank": info.tensor_shape.unknown_rank},
        "name": info.name,
    }
