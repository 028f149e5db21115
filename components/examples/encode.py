"""Headers of tf.Examples in protobuf's wire format, which depend only on lengths.

The messages are those of `tf.train.Example` (tensorflow/core/example/example.proto and
feature.proto), the encoding is https://protobuf.dev/programming-guides/encoding. `encode_batch`
assembles whole examples; tests parse them with TensorFlow.
"""

from functools import lru_cache

_VARINT_BITS = 7
_VARINT_MORE = 1 << _VARINT_BITS
_UINT64 = 1 << 64
_CACHED_HEADERS = 1 << 16
# Field number << 3 | 2 (length-delimited).
_FIELD_1, _FIELD_2, _FIELD_3 = b"\x0a", b"\x12", b"\x1a"


def varint(value: int) -> bytes:
    r"""Encodes a 64-bit integer in base 128, lowest group first; negatives as two's complement.

    >>> varint(300)
    b'\xac\x02'
    """
    return _SHORT[value] if 0 <= value < _NUM_SHORT else _varint(value % _UINT64)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value >= _VARINT_MORE:
        groups.append(value % _VARINT_MORE | _VARINT_MORE)
        value >>= _VARINT_BITS
    groups.append(value)
    return bytes(groups)


_NUM_SHORT = 1 << 2 * _VARINT_BITS
_SHORT = [_varint(value) for value in range(_NUM_SHORT)]  # covers nearly every length


def element_header(num_bytes: int) -> bytes:
    """Returns the header of a bytes element, which is also that of an example's features."""
    return _FIELD_1 + varint(num_bytes)


@lru_cache(_CACHED_HEADERS)
def bytes_header(name: str, num_bytes: int) -> bytes:
    """Returns the header of the elements of a bytes feature."""
    return _named(name, _FIELD_1 + varint(num_bytes), num_bytes)


@lru_cache(_CACHED_HEADERS)
def float_header(name: str, num_bytes: int) -> bytes:
    """Returns the header of the elements of a float feature."""
    return _named(name, _packed(_FIELD_2, num_bytes), num_bytes)


@lru_cache(_CACHED_HEADERS)
def int_header(name: str, num_bytes: int) -> bytes:
    """Returns the header of the elements of an int64 feature."""
    return _named(name, _packed(_FIELD_3, num_bytes), num_bytes)


def _packed(field: bytes, num_bytes: int) -> bytes:
    elements = _FIELD_1 + varint(num_bytes)
    return field + varint(len(elements) + num_bytes) + elements


def _named(name: str, header: bytes, num_bytes: int) -> bytes:
    """Returns the header of an entry in the map of features: name, then header of the feature."""
    encoded = name.encode()
    key = _FIELD_1 + varint(len(encoded)) + encoded
    feature = _FIELD_2 + varint(len(header) + num_bytes) + header
    return _FIELD_1 + varint(len(key) + len(feature) + num_bytes) + key + feature
