"""The floor's tf.Examples: columns to protobuf wire format, whole columns at a time.

Layout: tensorflow/core/example/example.proto; encoding: https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa

from benchmarks.ingest.records import framed, masked_crcs, record_heads
from components.examples import encode as e

_FLOAT32_BYTES = 4
# Of one encoded value, its own length and tag included.
_MAX_LENGTH = 130
_EVENTS_PER_SHARD = 50_000
_WINDOWS_PER_SHARD = 20_000

Header = Callable[[str, int], bytes]


@dataclass(frozen=True)
class Columns:
    """Kept events, sorted by user and time.

    Attributes:
      user: [num_events] int32, rows of `user_id`.
      user_id: [num_users] strings.
      item_id: [num_events] strings.
      timestamp: [num_events] int64, seconds.
      event_type: [num_events] strings.
      value: [num_events] float32.
    """

    user: np.ndarray
    user_id: pa.StringArray
    item_id: pa.StringArray
    timestamp: np.ndarray
    event_type: pa.StringArray
    value: np.ndarray


@dataclass(frozen=True)
class Encoded:
    """Encoded values end to end; that of row n stands at offsets[n]:offsets[n + 1]."""

    content: np.ndarray
    offsets: np.ndarray

    @cached_property
    def lengths(self) -> np.ndarray:
        """[n] int64 bytes."""
        return np.diff(self.offsets)


def window_records(
    columns: Columns, begin: np.ndarray, first_target: np.ndarray, end: np.ndarray
) -> Iterator[bytes]:
    """Framed examples of windows, shard by shard.

    A window holds events [begin, end); those from `first_target` on are targets. Values are
    encoded once, end to end, and a window takes slices of them.
    """
    users = [
        _feature(e.bytes_header, "user_id", _text(user)) for user in columns.user_id.to_pylist()
    ]
    encoded = (_texts(columns.item_id), _varints(columns.timestamp), _texts(columns.event_type))
    item_bytes, time_bytes, type_bytes = (part.content.tobytes() for part in encoded)
    value_bytes = columns.value.tobytes()
    edges = [part.offsets[edge].tolist() for part in encoded for edge in (begin, end)]
    for first in range(0, len(begin), _WINDOWS_PER_SHARD):
        of = slice(first, first + _WINDOWS_PER_SHARD)
        history, targets = (first_target - begin)[of].tolist(), (end - first_target)[of].tolist()
        rows = zip(
            columns.user[begin[of]].tolist(),
            *(edge[of] for edge in edges),
            (begin[of] * _FLOAT32_BYTES).tolist(),
            (end[of] * _FLOAT32_BYTES).tolist(),
            map(_is_target, history, targets),
            strict=True,
        )
        yield framed(
            [
                _example(
                    users[user],
                    _head("item_id", e.bytes_header, item_end - item),
                    item_bytes[item:item_end],
                    _head("timestamp", e.int_header, time_end - time),
                    time_bytes[time:time_end],
                    _head("event_type", e.bytes_header, type_end - type_),
                    type_bytes[type_:type_end],
                    _head("value", e.float_header, value_end - value),
                    value_bytes[value:value_end],
                    flags,
                )
                for (
                    user, item, item_end, time, time_end, type_, type_end, value, value_end, flags
                ) in rows
            ]
        )  # fmt: skip


def _example(*parts: bytes) -> bytes:
    content = b"".join(parts)
    return b"\x0a" + e.varint(len(content)) + content


@lru_cache(maxsize=1 << 16)
def _head(name: str, header: Header, length: int) -> bytes:
    """What precedes a feature's values: it depends on their length alone."""
    return header(name, length)


def _feature(header: Header, name: str, elements: bytes) -> bytes:
    return header(name, len(elements)) + elements


def _text(text: str) -> bytes:
    encoded = text.encode()
    return e.element_header(len(encoded)) + encoded


@lru_cache(maxsize=1 << 16)
def _is_target(history: int, targets: int) -> bytes:
    return _feature(e.int_header, "is_target", b"\0" * history + b"\1" * targets)


def event_records(columns: Columns, sample: np.ndarray) -> Iterator[bytes]:
    """Framed examples of single events, those at the indices `sample`, shard by shard.

    Examples whose values have the same lengths differ in the values' bytes alone: each such shape
    is one template, into which columns of bytes are copied.
    """
    users, items, types = (
        _texts(texts) for texts in (columns.user_id, columns.item_id, columns.event_type)
    )
    times = _varints(columns.timestamp)
    for first in range(0, len(sample), _EVENTS_PER_SHARD):
        rows = sample[first : first + _EVENTS_PER_SHARD]
        sources = (
            (users, columns.user[rows]),
            (items, rows),
            (times, rows),
            (types, rows),
        )
        lengths = [encoded.lengths[at] for encoded, at in sources]
        shapes = np.ravel_multi_index(lengths, [_MAX_LENGTH] * len(sources))
        by_shape = np.split(order := np.argsort(shapes), np.flatnonzero(np.diff(shapes[order])) + 1)
        yield b"".join(
            _same_shape(
                [int(length[like[0]]) for length in lengths],
                [(encoded, at[like]) for encoded, at in sources],
                columns.value[rows[like]],
            )
            for like in by_shape
        )


def _same_shape(
    lengths: list[int], sources: list[tuple[Encoded, np.ndarray]], values: np.ndarray
) -> bytes:
    user, item, time, kind = (b"\0" * length for length in lengths)
    features = [
        _feature(e.bytes_header, "user_id", user),
        _feature(e.bytes_header, "item_id", item),
        _feature(e.int_header, "timestamp", time),
        _feature(e.bytes_header, "event_type", kind),
        _feature(e.float_header, "value", b"\0" * _FLOAT32_BYTES),
    ]
    template = _example(*features)
    matrix = np.tile(np.frombuffer(template, np.uint8), (len(values), 1))
    columns = [
        encoded.content[encoded.offsets[at][:, None] + np.arange(length)]
        for (encoded, at), length in zip(sources, lengths, strict=True)
    ]
    columns.append(np.ascontiguousarray(values).view(np.uint8).reshape(-1, _FLOAT32_BYTES))
    place = len(template) - sum(map(len, features))
    for feature, column in zip(features, columns, strict=True):
        place += len(feature)
        matrix[:, place - column.shape[1] : place] = column
    content = matrix.tobytes()
    width = len(template)
    crcs = masked_crcs([content[at : at + width] for at in range(0, len(content), width)])
    heads = record_heads(np.full(len(values), width))
    tails = crcs.view(np.uint8).reshape(-1, 4)
    return np.concatenate([heads, matrix, tails], axis=1).tobytes()


def _texts(texts: pa.StringArray) -> Encoded:
    """Each text as an element of a bytes feature; ids here are shorter than 128 bytes."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1].astype(np.int64)
    source = np.frombuffer(texts.buffers()[2], np.uint8)
    lengths = np.diff(offsets)
    if lengths.max(initial=0) > _MAX_LENGTH - 3:
        raise ValueError("a text of 128 bytes or more: its length takes more than one byte")
    content = np.empty(len(source) + 2 * len(texts), np.uint8)
    starts = offsets[:-1] + 2 * np.arange(len(texts))
    is_text = np.ones(len(content), bool)
    is_text[starts] = is_text[starts + 1] = False
    content[starts], content[starts + 1] = e.element_header(0)[0], lengths
    content[is_text] = source[: offsets[-1]]
    return Encoded(content, np.append(starts, len(content)))


def _varints(numbers: np.ndarray) -> Encoded:
    """Each non-negative number in base 128, lowest group first."""
    num_groups = max(1, -(-int(numbers.max(initial=0)).bit_length() // 7))
    groups = numbers[:, None] >> 7 * np.arange(num_groups)
    more = groups[:, 1:] > 0
    content = (groups & 0x7F).astype(np.uint8)
    content[:, :-1] |= more.astype(np.uint8) << 7
    is_used = np.append(np.ones((len(numbers), 1), bool), more, axis=1)
    return Encoded(content[is_used], np.concatenate([[0], np.cumsum(is_used.sum(axis=1))]))
