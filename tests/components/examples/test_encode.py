"""Encoded tf.Examples and TFRecords are read by TensorFlow."""

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.examples import encode as e
from components.examples.tfrecord import frame

TEXTS = st.lists(st.text(max_size=40), max_size=5)
FLOATS = st.lists(st.floats(width=32), max_size=5)
INTS = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5)


@given(TEXTS, FLOATS, INTS)
def test_tensorflow_parses_encoded_examples(
    texts: list[str], floats: list[float], ints: list[int]
) -> None:
    encoded = [text.encode() for text in texts]
    elements = b"".join(e.element_header(len(text)) + text for text in encoded)
    packed = np.array(floats, "<f4").tobytes()
    varints = b"".join(map(e.varint, ints))
    features = (
        e.bytes_header("texts", len(elements))
        + elements
        + e.float_header("floats", len(packed))
        + packed
        + e.int_header("ints", len(varints))
        + varints
    )
    written = e.element_header(len(features)) + features
    feature = tf.train.Example.FromString(written).features.feature
    assert list(feature["texts"].bytes_list.value) == encoded
    np.testing.assert_array_equal(feature["floats"].float_list.value, np.array(floats, np.float32))
    assert list(feature["ints"].int64_list.value) == ints


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_tensorflow_reads_framed_records(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("records") / "records"
    path.write_bytes(frame(pa.array(records, pa.binary())))
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(path))] == records
