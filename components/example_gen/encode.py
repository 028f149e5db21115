"""tf.Examples as bytes, written in protobuf's wire format directly.

A user's windows overlap, so an event stands in many examples. Each event's values are encoded
once here, and a window joins slices of them: several times faster than building messages. The
layout is `tf.train.Example` (tensorflow/core/example/example.proto and feature.proto), the
encoding https://protobuf.dev/programming-guides/encoding; tests parse it with TensorFlow.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

_VARINT_BITS = 7
_VARINT_MORE = 1 << _VARINT_BITS
_UINT64 = 1 << 64
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


@lru_cache(maxsize=1 << 16)
def text_value(value: str) -> bytes:
    """One element of a bytes feature."""
    return bytes_element(value.encode())


def bytes_element(value: bytes) -> bytes:
    """One element of a bytes feature."""
    return _FIELD_1 + varint(len(value)) + value


def float_values(values: Iterable[float]) -> bytes:
    """Elements of a float feature, four bytes each."""
    return np.fromiter(values, dtype="<f4").tobytes()


def bytes_feature(name: str, elements: bytes) -> bytes:
    """A feature of joined `text_value` elements."""
    return _named(name, _FIELD_1 + varint(len(elements)) + elements)


def float_feature(name: str, elements: bytes) -> bytes:
    """A feature of joined `float_values`."""
    return _named(name, _FIELD_2 + _packed(elements))


def int_feature(name: str, elements: bytes) -> bytes:
    """A feature of joined `varint`s."""
    return _named(name, _FIELD_3 + _packed(elements))


def example(joined: bytes) -> bytes:
    """A serialised tf.Example of encoded features, joined."""
    return _FIELD_1 + varint(len(joined)) + joined


def _packed(elements: bytes) -> bytes:
    body = _FIELD_1 + varint(len(elements)) + elements
    return varint(len(body)) + body


@lru_cache(maxsize=1 << 10)
def _key(name: str) -> bytes:
    encoded = name.encode()
    return _FIELD_1 + varint(len(encoded)) + encoded


def _named(name: str, feature: bytes) -> bytes:
    entry = _key(name) + _FIELD_2 + varint(len(feature)) + feature
    return _FIELD_1 + varint(len(entry)) + entry
