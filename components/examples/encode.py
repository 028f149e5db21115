"""tf.Examples in protobuf's wire format: what stands before values, which depends on lengths alone.

The layout is `tf.train.Example` (tensorflow/core/example/example.proto and feature.proto), the
encoding https://protobuf.dev/programming-guides/encoding; `encode_batch` puts examples together,
and tests parse them with TensorFlow.
"""

from functools import lru_cache

_VARINT_BITS = 7
_VARINT_MORE = 1 << _VARINT_BITS
_UINT64 = 1 << 64
_CACHED_HEADERS = 1 << 16
# Field number << 3 | 2 (length-delimited).
_FIELD_1, _FIELD_2, _FIELD_3 = b"\x0a", b"\x12", b"\x1a"


def varint(value: int) -> bytes:
    """A 64-bit integer in base 128, lowest group first; negatives as two's complement."""
    return _SHORT[value] if 0 <= value < _NUM_SHORT else _varint(value % _UINT64)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value >= _VARINT_MORE:
        groups.append(value % _VARINT_MORE | _VARINT_MORE)
        value >>= _VARINT_BITS
    groups.append(value)
    return bytes(groups)


_NUM_SHORT = 1 << 2 * _VARINT_BITS
_SHORT = [_varint(value) for value in range(_NUM_SHORT)]  # nearly every length is one of them


def element_header(num_bytes: int) -> bytes:
    """What stands before a bytes element, and before the features of an example."""
    return _FIELD_1 + varint(num_bytes)


@lru_cache(_CACHED_HEADERS)
def bytes_header(name: str, num_bytes: int) -> bytes:
    """What stands before the elements of a bytes feature."""
    return _named(name, _FIELD_1 + varint(num_bytes), num_bytes)


@lru_cache(_CACHED_HEADERS)
def float_header(name: str, num_bytes: int) -> bytes:
    """What stands before the elements of a float feature."""
    return _named(name, _packed(_FIELD_2, num_bytes), num_bytes)


@lru_cache(_CACHED_HEADERS)
def int_header(name: str, num_bytes: int) -> bytes:
    """What stands before the elements of an int64 feature."""
    return _named(name, _packed(_FIELD_3, num_bytes), num_bytes)


def _packed(field: bytes, num_bytes: int) -> bytes:
    elements = _FIELD_1 + varint(num_bytes)
    return field + varint(len(elements) + num_bytes) + elements


def _named(name: str, header: bytes, num_bytes: int) -> bytes:
    """The header of an entry in the map of features: its name, then the feature's own header."""
    encoded = name.encode()
    key = _FIELD_1 + varint(len(encoded)) + encoded
    feature = _FIELD_2 + varint(len(header) + num_bytes) + header
    return _FIELD_1 + varint(len(key) + len(feature) + num_bytes) + key + feature
