"""Reads one text feature of a file of tf.Examples, without TensorFlow.

The ingestion reads the ids that it has written itself. The import of TensorFlow would take longer
than that.
"""

from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components.examples.tfrecord import read_frames
from components.readers.open_input import open_input


def read_texts(path: str, name: str) -> Iterator[str]:
    """Yields the values of a feature of all examples in a file, in its order.

    Args:
      path: A TFRecord file, compressed if its suffix is .gz.
      name: A bytes feature. An example without it has no value.
    """
    feature = schema_pb2.Feature(name=name, type=schema_pb2.BYTES)
    schema = schema_pb2.Schema(feature=[feature])
    decoder = ExamplesToRecordBatchDecoder(schema.SerializeToString())
    with open_input(path) as file:
        for records in read_frames(file):
            values = decoder.DecodeBatch(records).column(0).flatten()
            yield from (value.decode() for value in values.to_pylist())
