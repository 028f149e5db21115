"""Writes raw tf.Examples in the layout of the example generators."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf


def write_split(uri: str, split: str, rows: Iterable[Mapping[str, list[Any]]]) -> None:
    """Writes one split of an Examples artifact; a row maps features to their values."""
    folder = os.path.join(uri, f"Split-{split}")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "data_tfrecord-00000-of-00001.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for row in rows:
            features = {name: _feature(values) for name, values in row.items()}
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def _feature(values: list[Any]) -> tf.train.Feature:
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    if values and isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    encoded = [value.encode() for value in values]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))
