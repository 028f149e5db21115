"""Arrays and metadata as JSON values of TF Serving's REST API, and back."""

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.serving.client.signature import (
    Arrays,
    DataType,
    Metadata,
    Signature,
    TensorInfo,
    as_texts,
)
from pipeline.serving.version_status import State, VersionStatus

_BASE64 = "b64"


def json_value(array: npt.NDArray[Any]) -> Any:
    """Returns an array, with texts as bytes, as nested lists of JSON values."""
    if array.dtype != object:
        return array.tolist()
    values = np.empty(array.size, object)
    values[:] = [_json_text(value) for value in array.ravel()]
    return values.reshape(array.shape).tolist()


def _json_text(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {_BASE64: base64.b64encode(value).decode()}


def output_arrays(value: Any, signature: Signature) -> Arrays:
    """Returns the outputs of a response in column format as arrays; texts are str.

    Args:
      value: The value of `outputs`. The name of a single output is left out.
      signature: The signature.

    Raises:
      ValueError: They are not those of the signature.
    """
    infos = signature.outputs
    named = {next(iter(infos)): value} if len(infos) == 1 else value
    if not isinstance(named, dict) or set(named) != set(infos):
        found = ", ".join(named) if isinstance(named, dict) else type(named).__name__
        raise ValueError(f"the outputs are {found}; expected {', '.join(infos)}")
    return {name: _array(name, named[name], infos[name]) for name in sorted(infos)}


def _array(name: str, value: Any, info: TensorInfo) -> npt.NDArray[Any]:
    try:
        array = np.array(value, info.dtype.numpy)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from error
    if info.dtype is not DataType.DT_STRING:
        return array
    texts = np.empty(array.size, object)
    for position, element in enumerate(array.ravel()):
        texts[position] = _bytes(name, element)
    return as_texts(texts.reshape(array.shape))


def _bytes(name: str, value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, dict) and isinstance(value.get(_BASE64), str):
        return base64.b64decode(value[_BASE64])
    raise ValueError(f"{name}: {value!r} is not a text")


def metadata_of(document: Any) -> Metadata:
    """Returns the metadata in a GetModelMetadataResponse, of the signatures that can be called.

    Raises:
      KeyError, TypeError, ValueError, AttributeError: It is not one.
    """
    signatures = document["metadata"]["signature_def"]["signature_def"]
    return Metadata(
        int(document["model_spec"]["version"]),
        {
            name: Signature(_infos(signature["inputs"]), _infos(signature["outputs"]))
            for name, signature in sorted(signatures.items())
            if signature["inputs"]
        },
    )


def _infos(values: dict[str, Any]) -> dict[str, TensorInfo]:
    return {name: _info(values[name]) for name in sorted(values)}


def _info(value: dict[str, Any]) -> TensorInfo:
    shape = value["tensor_shape"]
    sizes = [int(dim["size"]) for dim in shape.get("dim", [])]
    return TensorInfo(
        DataType[value["dtype"]],
        None if shape.get("unknown_rank") else tuple(None if n < 0 else n for n in sizes),
    )


def statuses_of(document: Any) -> dict[int, VersionStatus]:
    """Returns the status of each version in a GetModelStatusResponse.

    Raises:
      KeyError, TypeError, ValueError: It is not one.
    """
    return {
        int(status["version"]): VersionStatus(
            State[status["state"]], status["status"]["error_message"]
        )
        for status in document["model_version_status"]
    }
