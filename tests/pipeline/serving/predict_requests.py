"""Predict requests of both interfaces, made from the inputs of a signature."""

import base64
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2


def json_values(values: Any) -> Any:
    """Returns an array as JSON values, bytes in base64."""
    if values.dtype == object:
        flat = np.empty(values.size, object)
        flat[:] = [{"b64": base64.b64encode(value).decode()} for value in values.ravel()]
        return flat.reshape(values.shape).tolist()
    return values.tolist()


def by_column(name: str, inputs: dict[str, Any]) -> Any:
    """Returns the document of a REST request in column format."""
    columns = {key: json_values(values) for key, values in inputs.items()}
    return {"signature_name": name, "inputs": columns}


def by_row(name: str, inputs: dict[str, Any]) -> Any:
    """Returns the document of a REST request in row format."""
    columns = by_column(name, inputs)["inputs"]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {"signature_name": name, "instances": rows}


def predict_request(name: str, inputs: dict[str, Any]) -> predict_pb2.PredictRequest:
    """Returns the message of a gRPC request to the model `shop`."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "shop"
    request.model_spec.signature_name = name
    for key, values in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
    return request
