"""Small raw windows and items, and what TFT makes of them in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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
    """A raw window; what is not given is missing."""
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
    """A raw item; what is not given is missing."""
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
    """Raw rows, what they became, and the transform graph."""

    raw: list[Row]
    rows: list[dict[str, np.ndarray]]
    output: tft.TFTransformOutput

    def flat(self, name: str) -> np.ndarray:
        """All values of one transformed feature."""
        return np.concatenate([np.ravel(row[name]) for row in self.rows])

    def vocabulary(self, name: str) -> list[bytes]:
        return self.output.vocabulary_by_name(name)


def transform(
    raw: list[Row],
    schema: schema_pb2.Schema,
    preprocessing_fn: Callable[[Any, Any], Any],
    folder: Path,
    settings: DataSettings = SETTINGS,
) -> Transformed:
    """Analyses and transforms `raw` under TF2 tracing."""
    metadata = dataset_metadata.DatasetMetadata(schema)
    config = {"data": to_json(settings)}
    with tft_beam.Context(temp_dir=str(folder / "temp"), force_tf_compat_v1=False):
        (rows, _), graph = (raw, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, config)
        )
        graph | "Write" >> tft_beam.WriteTransformFn(str(folder / "graph"))
    return Transformed(raw, rows, tft.TFTransformOutput(str(folder / "graph")))


def as_request(raw: list[Row], schema: schema_pb2.Schema) -> dict[str, Any]:
    """The rows as a request's tensors: [batch, 1] dense, or sparse where they are lists."""
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
