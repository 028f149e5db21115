"""Binary ids and categories as text: kept whole, or rejected, never trimmed.

Columns of a fixed number of bytes (UUIDs, hashes, binary keys) become hexadecimal text. Bytes of
variable length are text in many files, so they are decoded as UTF-8; ids that contain control
characters are binary data and are rejected.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.records import Values

# The control characters of Unicode (category Cc).
_BINARY_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_binary_text(text: str) -> bool:
    """Returns whether decoded bytes contain control characters, as binary data does."""
    return _BINARY_TEXT.search(text) is not None


def has_binary_text(texts: pa.StringArray) -> bool:
    """Returns whether any of the decoded texts is binary data (`is_binary_text`)."""
    return bool(pc.any(pc.match_substring_regex(texts, r"[\x{00}-\x{1f}\x{7f}-\x{9f}]")).as_py())


def hexadecimal(values: Values) -> Values:
    r"""Returns a column of fixed-size bytes as lower-case hexadecimal text; others unchanged.

    >>> hexadecimal(pa.array([b"\x00\x0a", None], pa.binary(2))).to_pylist()
    ['000a', None]
    """
    if not isinstance(values, pa.Array) or not pa.types.is_fixed_size_binary(values.type):
        return values
    width = values.type.byte_width
    if values.null_count:
        texts = hexadecimal(pc.fill_null(values, pa.scalar(bytes(width), values.type)))
        return pc.if_else(values.is_valid(), texts, pa.scalar(None, pa.string()))
    begin = values.offset * width
    data = values.buffers()[1].to_pybytes()[begin : begin + len(values) * width].hex().encode()
    offsets = np.arange(len(values) + 1, dtype=np.int64) * (2 * width)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.LargeStringArray.from_buffers(len(values), *buffers[1:]).cast(pa.string())
