"""Small datasets: raw windows and items, transformed and written in the format of TFX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import dataset_metadata

from components.trainer.data.read import TrainerInputs
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from components.trainer.export.saved_model import TransformGraphs
from components.transform.preprocessing import (
    catalogue_preprocessing_fn,
    windows_preprocessing_fn,
)
from schemas import tfmd
from schemas.features import Feature, feature_table
from schemas.settings import DataSettings, from_dict, to_json
from schemas.source_settings import FeatureKind

NAN = float("nan")
Row = dict[str, list[Any]]

PLAIN: dict[str, Any] = {
    "interactions": {
        "path": "log.csv",
        "format": "csv",
        "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
    },
    "history": {"max_length": 8},
}
RICH: dict[str, Any] = {
    "interactions": {
        **PLAIN["interactions"],
        "context": {"device": {"kind": "category"}, "battery": {"kind": "number"}},
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
            "summary": {"kind": "text", "tokens": "characters", "html": "strip"},
            "genres": {"kind": "categories"},
            "price": {"kind": "number"},
            "brand": {"kind": "category"},
            "released": {"kind": "timestamp"},
        },
    },
    "history": {"max_length": 8},
    "repeat_interactions": "allow",
}


@dataclass(frozen=True)
class Dataset:
    """Raw windows and items, and the files of their transformed examples."""

    settings: DataSettings
    train: list[Row]
    evaluation: list[Row]
    items: list[Row]
    inputs: TrainerInputs

    @property
    def graphs(self) -> TransformGraphs:
        return TransformGraphs(self.inputs.windows_graph, self.inputs.catalogue_graph)


def data_settings(values: Mapping[str, Any], **changes: Any) -> DataSettings:
    return from_dict(DataSettings, {**values, **changes})


def window(settings: DataSettings, user_id: str, item_id: Sequence[str], **given: list[Any]) -> Row:
    """Returns a raw window whose events are targets, a minute apart.

    Columns that are not in `given` are missing.
    """
    size = len(item_id)
    table = feature_table(settings)
    return {
        "user_id": [user_id.encode()],
        **{feature.name: [_missing(feature)] for feature in table.user},
        "item_id": [item.encode() for item in item_id],
        "timestamp": [60 * position for position in range(size)],
        "event_type": [b""] * size,
        "value": [NAN] * size,
        "is_target": [1] * size,
        **{feature.name: [_missing(feature)] * size for feature in table.context},
        **given,
    }


def item(settings: DataSettings, item_id: str, **given: list[Any]) -> Row:
    """Returns a raw item; features that are not in `given` are missing."""
    features = {
        feature.name: [] if feature.kind is FeatureKind.CATEGORIES else [_missing(feature)]
        for feature in feature_table(settings).item
    }
    return {"item_id": [item_id.encode()], "available_at": [-1], **features, **given}


def make_dataset(
    settings: DataSettings, train: list[Row], evaluation: list[Row], items: list[Row], folder: Path
) -> Dataset:
    """Transforms the rows, with the vocabularies and statistics of `train` and `items`."""
    table = feature_table(settings)
    config = {"data": to_json(settings)}
    windows, catalogue = folder / "windows", folder / "catalogue"
    _transform(
        {"train": train, "eval": evaluation},
        tfmd.windows_schema(table),
        lambda inputs: windows_preprocessing_fn(inputs, config),
        windows,
    )
    _transform(
        {"catalogue": items},
        tfmd.catalogue_schema(table),
        lambda inputs: catalogue_preprocessing_fn(inputs, config),
        catalogue,
    )
    inputs = TrainerInputs(
        train_files=[str(windows / "train.gz")],
        eval_files=[str(windows / "eval.gz")],
        catalogue_files=[str(catalogue / "catalogue.gz")],
        windows_graph=str(windows / "graph"),
        catalogue_graph=str(catalogue / "graph"),
    )
    return Dataset(settings, train, evaluation, items, inputs)


def _transform(
    splits: dict[str, list[Row]],
    schema: schema_pb2.Schema,
    preprocessing_fn: Callable[[Any], Any],
    folder: Path,
) -> None:
    metadata = dataset_metadata.DatasetMetadata(schema)
    first = next(iter(splits.values()))
    with tft_beam.Context(temp_dir=str(folder / "temp"), force_tf_compat_v1=False):
        graph = (first, metadata) | tft_beam.AnalyzeDataset(preprocessing_fn)
        for name, rows in splits.items():
            transformed, _ = ((rows, metadata), graph) | tft_beam.TransformDataset()
            write_examples(transformed, folder / f"{name}.gz")
        graph | "Write" >> tft_beam.WriteTransformFn(str(folder / "graph"))


def write_examples(rows: list[dict[str, npt.NDArray[Any]]], path: Path) -> None:
    """Writes transformed rows as gzipped TFRecords."""
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for row in rows:
            example = tf.train.Example()
            for name, values in row.items():
                _fill(example.features.feature[name], np.ravel(values))
            writer.write(example.SerializeToString())


def _fill(feature: tf.train.Feature, values: npt.NDArray[Any]) -> None:
    if values.dtype.kind == "i":
        feature.int64_list.value.extend(values.tolist())
    elif values.dtype.kind == "f":
        feature.float_list.value.extend(values.tolist())
    else:
        feature.bytes_list.value.extend(values.tolist())


def _missing(feature: Feature) -> bytes | int | float:
    if feature.is_timestamp:
        return -1
    return NAN if feature.is_number else b""


def windows_of(lengths: list[int]) -> TransformedWindows:
    """Returns windows in which all events are targets; the rows of the events are consecutive."""
    size = sum(lengths)
    return TransformedWindows(
        lengths=np.array(lengths),
        user={"user_id": np.arange(len(lengths))},
        events={ROW: np.arange(size, dtype=np.int32), WEIGHT: np.ones(size, np.float32)},
        padding={ROW: -7, WEIGHT: 0.0},
    )
