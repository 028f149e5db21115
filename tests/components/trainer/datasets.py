"""Small datasets: raw windows and items, transformed and written in the format of TFX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

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
    settings: DataSettings,
    train: list[Row],
    evaluation: list[Row],
    items: list[Row],
    folder: Path,
    test: list[Row] | None = None,
) -> Dataset:
    """Transforms the rows, with the vocabularies and statistics of `train` and `items`."""
    table = feature_table(settings)
    config = {"data": to_json(settings)}
    windows = folder / "windows"
    _transform(
        {"train": train, "eval": evaluation, "test": test or []},
        tfmd.windows_schema(table),
        lambda inputs: windows_preprocessing_fn(inputs, config),
        windows,
    )
    catalogue = _catalogue(settings, items, folder / "catalogue")
    inputs = TrainerInputs(
        train_files=[str(windows / "train.gz")],
        eval_files=[str(windows / "eval.gz")],
        catalogue_files=[str(catalogue / "catalogue.gz")],
        windows_graph=str(windows / "graph"),
        catalogue_graph=str(catalogue / "graph"),
    )
    return Dataset(settings, train, evaluation, items, inputs)


# Folders of transformed catalogues by their content: many tests use the same one.
_CATALOGUES: dict[str, Path] = {}


def _catalogue(settings: DataSettings, items: list[Row], folder: Path) -> Path:
    """Returns the folder of the transformed items, which is that of an equal catalogue if any."""
    config = {"data": to_json(settings)}
    content = repr((config, items))
    if content not in _CATALOGUES:
        _transform(
            {"catalogue": items},
            tfmd.catalogue_schema(feature_table(settings)),
            lambda inputs: catalogue_preprocessing_fn(inputs, config),
            folder,
        )
        _CATALOGUES[content] = folder
    return _CATALOGUES[content]


def _transform(
    splits: dict[str, list[Row]],
    schema: schema_pb2.Schema,
    preprocessing_fn: Callable[[Any], Any],
    folder: Path,
) -> None:
    metadata = dataset_metadata.DatasetMetadata(schema)
    first = next(iter(splits.values()))
    graph = str(folder / "graph")
    with (
        beam.Pipeline() as pipeline,
        tft_beam.Context(temp_dir=str(folder / "temp"), force_tf_compat_v1=False),
    ):
        rows = pipeline | beam.Create(first)
        analyzed = (rows, metadata) | tft_beam.AnalyzeDataset(preprocessing_fn)
        _ = analyzed | tft_beam.WriteTransformFn(graph)
    # `TransformDataset` would run one more pipeline for each split, which takes seconds.
    layer = tft.TFTransformOutput(graph).transform_features_layer()
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    for name, split in splits.items():
        # The type of an empty list is unknown.
        given = [{name: values for name, values in row.items() if values} for row in split]
        serialized = tf.constant([_example(row).SerializeToString() for row in given], tf.string)
        transformed = layer(tf.io.parse_example(serialized, spec)) if split else {}
        write_examples(
            [_row(transformed, number) for number in range(len(split))], folder / f"{name}.gz"
        )


def _row(batch: Mapping[str, Any], number: int) -> dict[str, npt.NDArray[Any]]:
    """Returns one row of a batch of transformed features."""
    values = {}
    for name, feature in batch.items():
        if isinstance(feature, tf.SparseTensor):
            values[name] = tf.sparse.slice(
                feature, [number, 0], [1, feature.dense_shape[1]]
            ).values.numpy()
        else:
            values[name] = feature[number].numpy()
    return values


def write_examples(rows: list[dict[str, npt.NDArray[Any]]], path: Path) -> None:
    """Writes transformed rows as gzipped TFRecords."""
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for row in rows:
            writer.write(_example(row).SerializeToString())


def _example(row: Mapping[str, Any]) -> tf.train.Example:
    example = tf.train.Example()
    for name, values in row.items():
        _fill(example.features.feature[name], np.ravel(values))
    return example


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
