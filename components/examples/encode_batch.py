"""Many tf.Examples at once, as Arrow arrays of protobuf's wire format.

Every value is encoded once, as an element of its feature; an example then gathers the elements of
a range of events. Only lengths stand between a feature's elements and its bytes, and few lengths
differ, so headers are made once for each length. See `encode` for the format; tests compare with
`tf.train.Example`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.examples import encode

_EMPTY = pa.scalar(b"", pa.binary())
_VARINT_BITS = 7
_MAX_VARINT_BYTES = 10

# Name of a feature and length of its elements → what stands before them: `encode.bytes_header`
# and its like.
FeatureHeader = Callable[[str, int], bytes]


@dataclass(frozen=True)
class Ranges:
    """Ranges of events, [begin[r], end[r]) each, and all their events one after another.

    Attributes:
      events: [total] int64, indices of events.
      offsets: [num_ranges + 1] int64, where each range begins in `events`.
    """

    events: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, begin: np.ndarray, end: np.ndarray) -> "Ranges":
        """From bounds, each [num_ranges] int64."""
        offsets = np.concatenate([[0], np.cumsum(end - begin)])
        shift = np.repeat(begin - offsets[:-1], end - begin)
        return cls(np.arange(offsets[-1]) + shift, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1


def text_elements(texts: pa.StringArray) -> pa.BinaryArray:
    """[n] encoded elements of a bytes feature."""
    encoded = texts.cast(pa.binary())
    return join([_by_length(encoded, encode.element_header), encoded])


def int_elements(values: np.ndarray) -> pa.BinaryArray:
    """[n] encoded elements (varints) of an int64 feature; `values` are [n] int64."""
    rest = values.astype(np.int64).view(np.uint64)
    groups = np.empty((len(values), _MAX_VARINT_BYTES), np.uint8)
    width = np.ones(len(values), np.int64)
    for place in range(_MAX_VARINT_BYTES):
        groups[:, place] = rest & 0x7F
        rest = rest >> np.uint64(_VARINT_BITS)
        width += rest > 0
    is_used = np.arange(_MAX_VARINT_BYTES) < width[:, None]
    groups[:, :-1] |= (is_used[:, 1:] * 0x80).astype(np.uint8)
    return _binary(np.concatenate([[0], np.cumsum(width)]), groups[is_used])


def grouped(elements: pa.BinaryArray, rows: np.ndarray, offsets: np.ndarray) -> pa.BinaryArray:
    """Joins the elements of each group.

    Args:
      elements: [n] encoded elements.
      rows: [total] int64, which of them follow one another.
      offsets: [num_groups + 1] int64, where each group begins in `rows`.
    """
    taken = elements.take(pa.array(rows))
    bounds = np.frombuffer(taken.buffers()[1], np.int32, len(taken) + 1)
    return _binary(bounds[offsets], taken.buffers()[2])


def grouped_floats(values: np.ndarray, offsets: np.ndarray) -> pa.BinaryArray:
    """Joined elements of a float feature, of `values` [total]; groups as in `grouped`."""
    floats = values.astype("<f4")
    return _binary(offsets * floats.itemsize, floats)


def grouped_flags(flags: np.ndarray, offsets: np.ndarray) -> pa.BinaryArray:
    """Joined elements of an int64 feature, of `flags` [total] bool; groups as in `grouped`."""
    return _binary(offsets, flags.astype(np.uint8))


def features(name: str, elements: pa.BinaryArray, header: FeatureHeader) -> list[pa.BinaryArray]:
    """Headers and elements that, joined row by row, are a feature of each row."""
    return [_by_length(elements, partial(header, name)), elements]


def examples(parts: Sequence[pa.BinaryArray]) -> pa.BinaryArray:
    """[n] serialised tf.Examples, of features joined row by row."""
    joined = join(parts)
    return join([_by_length(joined, encode.element_header), joined])


def join(parts: Sequence[pa.BinaryArray]) -> pa.BinaryArray:
    """[n]: the parts of each row end to end."""
    return pc.binary_join_element_wise(*parts, _EMPTY)


def _by_length(array: pa.BinaryArray, header: Callable[[int], bytes]) -> pa.BinaryArray:
    lengths, rows = np.unique(pc.binary_length(array).to_numpy(), return_inverse=True)
    headers = pa.array([header(length) for length in lengths.tolist()], pa.binary())
    return headers.take(pa.array(rows))


def _binary(offsets: np.ndarray, data: np.ndarray | pa.Buffer | None) -> pa.BinaryArray:
    """An array of bytes over one buffer; offsets are [n + 1]."""
    buffer = pa.py_buffer(data) if isinstance(data, np.ndarray) else data
    bounds = pa.py_buffer(offsets.astype(np.int32))
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(offsets) - 1, [None, bounds, buffer or pa.py_buffer(b"")]
    )
