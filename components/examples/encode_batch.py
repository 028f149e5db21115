"""Encodes many tf.Examples at once, as Arrow arrays in protobuf's wire format.

Every value is encoded once, as an element of its feature; an example then gathers the elements of
a range of events. The header of a feature depends only on the length of its elements, so it is
encoded once for each distinct length. See `encode` for the format; tests compare the result with
`tf.train.Example`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.examples import encode

_EMPTY = pa.scalar(b"", pa.binary())
_VARINT_BITS = 7
_MAX_VARINT_BYTES = 10

# (Name of a feature, length of its elements) → its header, as `encode.bytes_header`.
FeatureHeader = Callable[[str, int], bytes]


@dataclass(frozen=True)
class Ranges:
    """Ranges of events, and the indices of their events one range after another.

    Attributes:
      events: [total] int64, indices of events.
      offsets: [num_ranges + 1] int64; range r is events[offsets[r]:offsets[r + 1]].
    """

    events: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> "Ranges":
        """Returns the ranges [begin[r], end[r]); both bounds are [num_ranges] int64.

        >>> ranges = Ranges.of(np.array([0, 5]), np.array([2, 8]))
        >>> ranges.events.tolist(), ranges.offsets.tolist()
        ([0, 1, 5, 6, 7], [0, 2, 5])
        """
        offsets = np.concatenate([[0], np.cumsum(end - begin)])
        shift = np.repeat(begin - offsets[:-1], end - begin)
        return cls(np.arange(offsets[-1]) + shift, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1


def text_elements(texts: pa.StringArray) -> pa.BinaryArray:
    """Returns the encoded elements, [n], of a bytes feature."""
    encoded = texts.cast(pa.binary())
    return join([_by_length(encoded, encode.element_header), encoded])


def int_elements(values: npt.NDArray[np.integer[Any]]) -> pa.BinaryArray:
    """Returns the encoded elements (varints), [n], of an int64 feature; `values` is [n]."""
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


def grouped(
    elements: pa.BinaryArray, rows: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]
) -> pa.BinaryArray:
    """Joins the elements of each group.

    Args:
      elements: [n] encoded elements.
      rows: [total] int64, the indices of the elements to join.
      offsets: [num_groups + 1] int64; group g is rows[offsets[g]:offsets[g + 1]].

    Returns:
      [num_groups] joined elements.
    """
    taken = elements.take(pa.array(rows))
    bounds = np.frombuffer(taken.buffers()[1], np.int32, len(taken) + 1)
    return _binary(bounds[offsets], taken.buffers()[2])


def grouped_floats(
    values: npt.NDArray[np.floating[Any]], offsets: npt.NDArray[np.int64]
) -> pa.BinaryArray:
    """Joins the elements of a float feature; `values` is [total], groups as in `grouped`."""
    floats = values.astype("<f4")
    return _binary(offsets * floats.itemsize, floats)


def grouped_flags(flags: npt.NDArray[np.bool_], offsets: npt.NDArray[np.int64]) -> pa.BinaryArray:
    """Joins the elements of an int64 feature; `flags` is [total] bool, groups as in `grouped`."""
    return _binary(offsets, flags.astype(np.uint8))


def features(name: str, elements: pa.BinaryArray, header: FeatureHeader) -> list[pa.BinaryArray]:
    """Returns headers and elements which, joined row by row, are the feature of each row."""
    return [_by_length(elements, partial(header, name)), elements]


def examples(parts: Sequence[pa.BinaryArray]) -> pa.BinaryArray:
    """Returns [n] serialized tf.Examples, whose features are `parts` joined row by row."""
    joined = join(parts)
    return join([_by_length(joined, encode.element_header), joined])


def join(parts: Sequence[pa.BinaryArray]) -> pa.BinaryArray:
    """Joins the parts of each row, [n]."""
    return pc.binary_join_element_wise(*parts, _EMPTY)


def _by_length(array: pa.BinaryArray, header: Callable[[int], bytes]) -> pa.BinaryArray:
    lengths, rows = np.unique(pc.binary_length(array).to_numpy(), return_inverse=True)
    headers = pa.array([header(length) for length in lengths.tolist()], pa.binary())
    return headers.take(pa.array(rows))


def _binary(
    offsets: npt.NDArray[np.integer[Any]], data: npt.NDArray[Any] | pa.Buffer | None
) -> pa.BinaryArray:
    """Returns the array of n byte strings in one buffer; `offsets` is [n + 1]."""
    buffer = pa.py_buffer(data) if isinstance(data, np.ndarray) else data
    bounds = pa.py_buffer(offsets.astype(np.int32))
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(offsets) - 1, [None, bounds, buffer or pa.py_buffer(b"")]
    )
