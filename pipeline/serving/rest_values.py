"""Tensors as JSON in the row and the column format of TF Serving's predict API.

https://www.tensorflow.org/tfx/serving/api_rest#predict_api. `json_tensors` converts the
values.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.serving.json_tensors import is_object, json_values, shown, stacked_tensor, tensor
from pipeline.serving.request_error import RequestError, invalid
from pipeline.serving.signature import Arrays, Signature, TensorInfo

SIGNATURE_KEY = "signature_name"
ROWS_KEY = "instances"
COLUMNS_KEY = "inputs"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class PredictBody:
    """The body of a predict request.

    Attributes:
      signature_name: The signature, "" for the default.
      values: The value of `instances` or `inputs`.
      by_row: Whether the value is that of `instances`.
    """

    signature_name: str
    values: Any
    by_row: bool


def parse_body(body: bytes) -> PredictBody:
    """Parses the body of a predict request.

    Raises:
      RequestError: It is not JSON, or has not exactly one of the keys `instances` and `inputs`.
    """
    document = _parse_json(body)
    name = document.get(SIGNATURE_KEY, "")
    if not isinstance(name, str):
        raise _malformed(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    if ROWS_KEY in document and COLUMNS_KEY in document:
        raise _malformed(
            document,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        )
    if COLUMNS_KEY in document:
        return PredictBody(name, document[COLUMNS_KEY], by_row=False)
    if ROWS_KEY not in document:
        raise invalid("Missing 'inputs' or 'instances' key")
    rows = document[ROWS_KEY]
    if not isinstance(rows, list):
        raise _malformed(document, "Expecting 'instances' to be an list/array")
    if not rows:
        raise _malformed(document, "No values in 'instances' array")
    return PredictBody(name, rows, by_row=True)


def decode_inputs(body: PredictBody, signature: Signature) -> Arrays:
    """Returns the inputs of a request by name.

    Raises:
      RequestError: They do not match the signature.
    """
    if body.by_row:
        return _from_rows(body.values, signature.inputs)
    return _from_columns(body.values, signature.inputs)


def encode_outputs(outputs: Arrays, by_row: bool) -> bytes:
    """Returns the body of the response to a request in row or in column format.

    The name of a single output is left out. Strings of an output whose name ends with `_bytes` are
    encoded in base64. NaN and infinite numbers are written as JavaScript does.

    Args:
      outputs: Outputs by name, in row format with the same number of rows.
      by_row: Whether the request was in row format.

    Raises:
      RequestError: The outputs have no rows, or different numbers of them.
    """
    named = {name: json_values(name, outputs[name]) for name in sorted(outputs)}
    if not by_row:
        value = named if len(named) > 1 else next(iter(named.values()))
        return _dump({"outputs": value})
    _check_rows(outputs)
    columns = list(named.values())
    if len(named) == 1:
        return _dump({"predictions": columns[0]})
    rows = [dict(zip(named, row, strict=True)) for row in zip(*columns, strict=True)]
    return _dump({"predictions": rows})


def encode_error(message: str) -> bytes:
    """Returns the body of an error response."""
    return json.dumps({"error": message}).encode()


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode("utf-8").lstrip(" \t\r\n")
        if not text:
            raise invalid("JSON Parse error: The document is empty")
        # What follows the first value is ignored, as by TF Serving.
        document, _ = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    except UnicodeDecodeError as error:
        raise invalid(f"JSON Parse error: Invalid encoding at offset: {error.start}") from error
    except (RecursionError, ValueError) as error:
        raise invalid(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise _malformed(document, "Is not object")
    return document


def _from_rows(rows: list[Any], inputs: Mapping[str, TensorInfo]) -> Arrays:
    if not isinstance(rows[0], dict) and len(inputs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    if not is_object(rows[0]):
        return _from_plain_rows(rows, inputs)
    for number, row in enumerate(rows):
        if not is_object(row):
            raise invalid(f"Expecting object but got list at item {number} of input list")
        _check_keys(row, inputs, number)
    return {
        name: stacked_tensor([row[name] for row in rows], info, f" key: {name}")
        for name, info in inputs.items()
    }


def _from_plain_rows(rows: list[Any], inputs: Mapping[str, TensorInfo]) -> Arrays:
    for number, row in enumerate(rows):
        if is_object(row):
            raise invalid(f"Expecting value/list but got object at item {number} of input list")
    name, info = next(iter(inputs.items()))
    return {name: stacked_tensor(rows, info, "")}


def _check_keys(row: dict[str, Any], inputs: Mapping[str, TensorInfo], number: int) -> None:
    for name in row:
        if name not in inputs:
            raise invalid(
                f"Failed to process element: {number} key: {name} of 'instances' list. Error: "
                f"INVALID_ARGUMENT: JSON object: does not have named input: {name}"
            )
    if len(row) != len(inputs):
        raise invalid(
            f"Failed to process element: {number} of 'instances' list. JSON object: {shown(row)} "
            f"keys must be equal to: {','.join(sorted(inputs))}"
        )


def _from_columns(value: Any, inputs: Mapping[str, TensorInfo]) -> Arrays:
    if not is_object(value):
        if len(inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        name, info = next(iter(inputs.items()))
        return {name: tensor(value, info)}
    for name in inputs:
        if name not in value:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: tensor(value[name], info) for name, info in inputs.items()}


def _check_rows(outputs: Arrays) -> None:
    sizes = set()
    for name in sorted(outputs):
        if not outputs[name].ndim:
            raise invalid(f"Tensor name: {name} has no shape information ")
        sizes.add(len(outputs[name]))
        if len(sizes) > 1:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(outputs[name])} expecting: "
                f"{min(sizes - {len(outputs[name])})}"
            )


def _dump(value: Any) -> bytes:
    # Strings that are not UTF-8 are written byte by byte, as by TF Serving.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogateescape"
    )


def _malformed(value: Any, message: str) -> RequestError:
    return invalid(f"JSON Value: {shown(value)} {message}")
