"""Builds small raw windows and items, and runs TFT on them in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import dataset_metadata

from schemas.settings import DataSettings, from_dict, to_json

NAN = float("nan")
Row = dict[str, list[Any]]

SETTINGS = from_dict(
    DataSettings,
    {
        "interactions": {
            "path": "log.csv",
            "format": "csv",
            "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
            "context": {
                "device": {"kind": "category"},
                "nothing": {"kind": "category"},
                "unknown": {"kind": "number"},
                "fixed": {"kind": "number"},
            },
        },
        "users": {
            "path": "users.csv",
            "format": "csv",
            "fields": {"user_id": "u"},
            "features": {"age": {"kind": "number"}, "place": {"kind": "category"}},
        },
        "items": {
            "path": "items.csv",
            "format": "csv",
            "fields": {"item_id": "i"},
            "features": {
                "title": {"kind": "text"},
                "blurb": {"kind": "text"},
                "genres": {"kind": "categories"},
                "tags": {"kind": "categories"},
                "price": {"kind": "number"},
                "brand": {"kind": "category"},
                "released": {"kind": "timestamp"},
            },
        },
    },
)


def window(user_id: str, is_target: list[int], **given: list[Any]) -> Row:
    """Returns a raw window; features that are not given are missing or constant."""
    size = len(is_target)
    return {
        "user_id": [user_id.encode()],
        "age": [NAN],
        "place": [b""],
        "item_id": [b"a"] * size,
        "timestamp": list(range(size)),
        "event_type": [b"view"] * size,
        "value": [NAN] * size,
        "device": [b""] * size,
        "nothing": [b""] * size,
        "unknown": [NAN] * size,
        "fixed": [2.5] * size,
        "is_target": is_target,
        **given,
    }


def item(item_id: str, **given: list[Any]) -> Row:
    """Returns a raw item; features that are not given are missing."""
    return {
        "item_id": [item_id.encode()],
        "available_at": [-1],
        "title": [b""],
        "blurb": [b""],
        "genres": [],
        "tags": [],
        "price": [NAN],
        "brand": [b""],
        "released": [-1],
        **given,
    }


@dataclass(frozen=True)
class Transformed:
    """Raw rows, the transformed rows, and the output of TFT."""

    raw: list[Row]
    rows: list[dict[str, npt.NDArray[Any]]]
    output: tft.TFTransformOutput

    def flat(self, name: str) -> npt.NDArray[Any]:
        """Returns all values of one transformed feature."""
        return np.concatenate([np.ravel(row[name]) for row in self.rows])

    def vocabulary(self, name: str) -> list[bytes]:
        """Returns the entries of a vocabulary."""
        entries: list[bytes] = self.output.vocabulary_by_name(name)
        return entries


def transform(
    raw: list[Row],
    schema: schema_pb2.Schema,
    preprocessing_fn: Callable[[Any, Any], Any],
    folder: Path,
    settings: DataSettings = SETTINGS,
) -> Transformed:
    """Runs TFT's analysis and transform on `raw`, with TF2 tracing."""
    metadata = dataset_metadata.DatasetMetadata(schema)
    config = {"data": to_json(settings)}
    with tft_beam.Context(temp_dir=str(folder / "temp"), force_tf_compat_v1=False):
        (rows, _), graph = (raw, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, config)
        )
        graph | "Write" >> tft_beam.WriteTransformFn(str(folder / "graph"))
    return Transformed(raw, rows, tft.TFTransformOutput(str(folder / "graph")))


def as_request(raw: list[Row], schema: schema_pb2.Schema) -> dict[str, Any]:
    """Returns the rows as tensors of a request: [batch, 1] dense, or sparse for lists."""
    tensors: dict[str, Any] = {}
    for feature in schema.feature:
        values = [row[feature.name] for row in raw]
        dtype = {schema_pb2.BYTES: tf.string, schema_pb2.INT: tf.int64}.get(
            feature.type, tf.float32
        )
        ragged = tf.ragged.constant(values, dtype=dtype, ragged_rank=1)
        is_single = feature.HasField("shape")
        tensors[feature.name] = ragged.to_tensor() if is_single else ragged.to_sparse()
    return tensors
