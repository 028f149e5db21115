"""Reads one text feature of a file of tf.Examples, without TensorFlow.

The ingestion reads the ids that it has written itself. The import of TensorFlow would take longer
than that.
"""

from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components.examples.tfrecord import read_frames
from components.readers.open_input import DamagedFileError, open_input
from schemas.errors import InputError


def read_texts(path: str, name: str) -> Iterator[str]:
    """Yields the value of a feature of each example in a file, in its order.

    Args:
      path: A TFRecord file, compressed if its suffix is .gz.
      name: A bytes feature with one value in every example.

    Raises:
      InputError: The file is damaged, or an example has no value or several.
    """
    feature = schema_pb2.Feature(name=name, type=schema_pb2.BYTES)
    schema = schema_pb2.Schema(feature=[feature])
    decoder = ExamplesToRecordBatchDecoder(schema.SerializeToString())
    with open_input(path) as file:
        batches = read_frames(file)
        while True:
            try:
                records = next(batches, None)
                if records is None:
                    return
                column = decoder.DecodeBatch(records).column(0)
            except (ValueError, RuntimeError, DamagedFileError) as error:
                raise _not_examples(path, name, str(error)) from error
            values = column.flatten()
            if len(values) != len(records) or column.null_count:
                found = f"{len(records)} examples have {len(values)} values"
                raise _not_examples(path, name, found)
            yield from (value.decode() for value in values.to_pylist())


def _not_examples(path: str, name: str, found: str) -> InputError:
    return InputError(
        f"{path}: expected examples with one value of {name} each, found: {found}; a run writes "
        "this file, so delete its folder and run again"
    )
