"""The tf.Examples of the Arrow and NumPy program, encoded from whole columns.

Layout: tensorflow/core/example/example.proto; encoding: https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.ingest.tfrecord import framed, masked_crcs, record_headers
from components.examples import encode

_FLOAT32_BYTES = 4
# Maximum length of one encoded value, including its tag and length.
_MAX_LENGTH = 130
_EVENTS_PER_SHARD = 50_000
_WINDOWS_PER_SHARD = 20_000

Header = Callable[[str, int], bytes]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SortedColumns:
    """The columns of the kept events, sorted by user and time.

    Attributes:
      user: [num_events] int32, rows of `user_id`.
      user_id: [num_users] strings.
      item_id: [num_events] strings.
      timestamp: [num_events] int64, seconds since the epoch, UTC.
      event_type: [num_events] strings.
      value: [num_events] float32.
    """

    user: npt.NDArray[np.int32]
    user_id: pa.StringArray
    item_id: pa.StringArray
    timestamp: Ints
    event_type: pa.StringArray
    value: npt.NDArray[np.float32]


@dataclass(frozen=True)
class EncodedColumn:
    """A column of encoded values.

    Attributes:
      content: [num_bytes] uint8, all values one after the other.
      offsets: [num_rows + 1] int64; row n is content[offsets[n]:offsets[n + 1]].
    """

    content: npt.NDArray[np.uint8]
    offsets: Ints

    @cached_property
    def lengths(self) -> Ints:
        """The number of bytes of each row, [num_rows] int64."""
        return np.diff(self.offsets)


def window_records(
    columns: SortedColumns, begin: Ints, first_target: Ints, end: Ints
) -> Iterator[bytes]:
    """Yields shards of framed examples, one example per window.

    Each column is encoded once; a window takes slices of the encoded values.

    Args:
      columns: The events.
      begin: [num_windows] int64, the first event of each window.
      first_target: [num_windows] int64, the first event that is a target.
      end: [num_windows] int64, one past the last event.
    """
    users = [
        _feature(encode.bytes_header, "user_id", _text(user))
        for user in columns.user_id.to_pylist()
    ]
    encoded = (_texts(columns.item_id), _varints(columns.timestamp), _texts(columns.event_type))
    item_bytes, time_bytes, type_bytes = (part.content.tobytes() for part in encoded)
    value_bytes = columns.value.tobytes()
    edges = [part.offsets[edge].tolist() for part in encoded for edge in (begin, end)]
    for first in range(0, len(begin), _WINDOWS_PER_SHARD):
        shard = slice(first, first + _WINDOWS_PER_SHARD)
        num_history = (first_target - begin)[shard].tolist()
        num_targets = (end - first_target)[shard].tolist()
        rows = zip(
            columns.user[begin[shard]].tolist(),
            *(edge[shard] for edge in edges),
            (begin[shard] * _FLOAT32_BYTES).tolist(),
            (end[shard] * _FLOAT32_BYTES).tolist(),
            map(_is_target, num_history, num_targets),
            strict=True,
        )
        yield framed(
            [
                _example(
                    users[user],
                    _header("item_id", encode.bytes_header, item_end - item),
                    item_bytes[item:item_end],
                    _header("timestamp", encode.int_header, time_end - time),
                    time_bytes[time:time_end],
                    _header("event_type", encode.bytes_header, type_end - type_),
                    type_bytes[type_:type_end],
                    _header("value", encode.float_header, value_end - value),
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
    return b"\x0a" + encode.varint(len(content)) + content


@lru_cache(maxsize=1 << 16)
def _header(name: str, header: Header, length: int) -> bytes:
    """Returns the bytes before a feature's values, which depend only on the values' length."""
    return header(name, length)


def _feature(header: Header, name: str, values: bytes) -> bytes:
    return header(name, len(values)) + values


def _text(text: str) -> bytes:
    encoded = text.encode()
    return encode.element_header(len(encoded)) + encoded


@lru_cache(maxsize=1 << 16)
def _is_target(num_history: int, num_targets: int) -> bytes:
    return _feature(encode.int_header, "is_target", b"\0" * num_history + b"\1" * num_targets)


def event_records(columns: SortedColumns, sample: Ints) -> Iterator[bytes]:
    """Yields shards of framed examples, one example per event.

    Examples whose values have the same lengths differ only in the bytes of the values. They share
    a template, into which the columns of bytes are copied.

    Args:
      columns: The events.
      sample: [num_sampled] int64, positions of the events to encode.
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
        order = np.argsort(shapes)
        groups = np.split(order, np.flatnonzero(np.diff(shapes[order])) + 1)
        yield b"".join(
            _same_lengths(
                [int(length[group[0]]) for length in lengths],
                [(encoded, at[group]) for encoded, at in sources],
                columns.value[rows[group]],
            )
            for group in groups
        )


def _same_lengths(
    lengths: list[int],
    sources: Sequence[tuple[EncodedColumn, npt.NDArray[Any]]],
    values: npt.NDArray[np.float32],
) -> bytes:
    """Returns framed examples whose values have the same lengths."""
    user, item, time, event_type = (b"\0" * length for length in lengths)
    features = [
        _feature(encode.bytes_header, "user_id", user),
        _feature(encode.bytes_header, "item_id", item),
        _feature(encode.int_header, "timestamp", time),
        _feature(encode.bytes_header, "event_type", event_type),
        _feature(encode.float_header, "value", b"\0" * _FLOAT32_BYTES),
    ]
    template = _example(*features)
    matrix = np.tile(np.frombuffer(template, np.uint8), (len(values), 1))
    columns = [
        encoded.content[encoded.offsets[at][:, None] + np.arange(length)]
        for (encoded, at), length in zip(sources, lengths, strict=True)
    ]
    columns.append(np.ascontiguousarray(values).view(np.uint8).reshape(-1, _FLOAT32_BYTES))
    end = len(template) - sum(map(len, features))
    for feature, column in zip(features, columns, strict=True):
        end += len(feature)
        matrix[:, end - column.shape[1] : end] = column
    content = matrix.tobytes()
    width = len(template)
    crcs = masked_crcs([content[at : at + width] for at in range(0, len(content), width)])
    headers = record_headers(np.full(len(values), width))
    footers = crcs.view(np.uint8).reshape(-1, 4)
    return np.concatenate([headers, matrix, footers], axis=1).tobytes()


def _texts(texts: pa.StringArray) -> EncodedColumn:
    """Returns each text as an element of a bytes feature.

    Raises:
      ValueError: A text has 128 bytes or more; the generated ids are shorter.
    """
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1].astype(np.int64)
    source = np.frombuffer(texts.buffers()[2], np.uint8)
    lengths = np.diff(offsets)
    if lengths.max(initial=0) > _MAX_LENGTH - 3:
        raise ValueError("a text has 128 bytes or more: its length takes more than one byte")
    content = np.empty(len(source) + 2 * len(texts), np.uint8)
    starts = offsets[:-1] + 2 * np.arange(len(texts))
    is_text = np.ones(len(content), np.bool_)
    is_text[starts] = is_text[starts + 1] = False
    content[starts], content[starts + 1] = encode.element_header(0)[0], lengths
    content[is_text] = source[: offsets[-1]]
    return EncodedColumn(content, np.append(starts, len(content)))


def _varints(numbers: Ints) -> EncodedColumn:
    """Returns non-negative numbers as protobuf varints: base 128, the lowest group first."""
    num_groups = max(1, -(-int(numbers.max(initial=0)).bit_length() // 7))
    groups = numbers[:, None] >> 7 * np.arange(num_groups)
    more = groups[:, 1:] > 0
    content = (groups & 0x7F).astype(np.uint8)
    content[:, :-1] |= more.astype(np.uint8) << np.uint8(7)
    is_used = np.append(np.ones((len(numbers), 1), np.bool_), more, axis=1)
    return EncodedColumn(content[is_used], np.concatenate([[0], np.cumsum(is_used.sum(axis=1))]))
