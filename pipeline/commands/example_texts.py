"""Reads texts of tf.Examples without TensorFlow and Beam, whose imports take many seconds."""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.message import DecodeError

from components.examples.tfrecord import read_frames
from pipeline.message_classes import message_classes
from schemas.errors import InputError

# A test compares these with TensorFlow's.
DEFINITIONS = {
    "BytesList": {1: "repeated bytes value"},
    "Feature": {1: "BytesList bytes_list"},
    "Features": {1: "map Feature feature"},
    "Example": {1: "Features features"},
}
_CLASSES = message_classes("twotower.examples", DEFINITIONS)


def read_example_texts(path: str, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yields the values of text features of each example in a file, in its order.

    Args:
      path: A gzipped TFRecord file.
      names: Bytes features; an example without a value has "".

    Raises:
      InputError: The file cannot be read, or is damaged.
    """
    example = _CLASSES["Example"]()
    try:
        with io.BufferedReader(gzip.open(path)) as file:
            for records in read_frames(file):
                for record in records:
                    example.ParseFromString(record)
                    features = example.features.feature
                    yield tuple(_text(features, name) for name in names)
    except (OSError, EOFError, zlib.error, ValueError, DecodeError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); a run writes this file, so delete its folder and "
            "run again"
        ) from error


def _text(features: Mapping[str, Any], name: str) -> str:
    values = features[name].bytes_list.value if name in features else ()
    return values[0].decode() if values else ""
