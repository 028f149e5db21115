"""Blocks of JSON Lines as Arrow columns, where it is certain that reading line by line gives the
same: twice as fast.
"""

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

# A record that could nest deeper than the careful reader goes is longer than this.
_MAX_LINE_BYTES = 2_000
_LINES_TO_FIND_TYPES = 20
_NEWLINE, _OPEN, _CLOSE = b"\n{}"
_LARGEST_EXACT_FLOAT = 2**53
# Arrow's parser lets lone surrogates pass that JSON forbids.
_ESCAPED_SURROGATES = (b"\\ud", b"\\uD")


def quick_columns(lines: list[bytes], columns: tuple[str, ...]) -> tuple[pa.Array, ...] | None:
    """The wanted values of a block, or None where it must be read line by line.

    Args:
      lines: Without their ends.
      columns: Keys of the records.

    Returns:
      One array a column, texts or integers or floats, null where a record lacks it.
    """
    data = b"\n".join(lines)
    if not _is_plain(data, len(lines)) or any("." in name for name in columns):
        return None
    schema = _schema(lines, columns)
    if schema is None:
        return None
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowException:
        return None
    arrays = [table.column(name).combine_chunks() for name in columns]
    if table.num_rows != len(lines) or not all(map(_is_exact, arrays)):
        return None
    return tuple(arrays)


def _is_plain(data: bytes, num_lines: int) -> bool:
    """Whether every line can only be one object: objects may not share or span lines."""
    if b"\\u" in data and any(escape in data for escape in _ESCAPED_SURROGATES):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    array = np.frombuffer(data, np.uint8)
    ends = np.append(np.flatnonzero(array == _NEWLINE), len(array))
    begins = np.append(0, ends[:-1] + 1)
    return (
        len(ends) == num_lines
        and bool((ends - begins > 1).all())
        and bool((ends - begins <= _MAX_LINE_BYTES).all())
        and bool((array[begins] == _OPEN).all())
        and bool((array[ends - 1] == _CLOSE).all())
    )


def _schema(lines: list[bytes], columns: tuple[str, ...]) -> pa.Schema | None:
    """Types as the first records have them; None where they are of no single plain type."""
    try:
        records = [orjson.loads(line) for line in lines[:_LINES_TO_FIND_TYPES]]
    except orjson.JSONDecodeError:
        return None
    found = {
        name: {type(record.get(name)) for record in records} - {type(None)} for name in columns
    }
    types = {name: _type(kinds) for name, kinds in found.items()}
    if None in types.values():
        return None
    return pa.schema(list(types.items()))


def _type(kinds: set[type]) -> pa.DataType | None:
    if kinds <= {str}:
        return pa.string()
    if kinds == {int}:
        return pa.int64()
    return pa.float64() if kinds <= {int, float} else None


def _is_exact(array: pa.Array) -> bool:
    """Whether floats can hold what stood there, had it been an integer."""
    if not pa.types.is_floating(array.type):
        return True
    largest = pc.max(pc.abs(array)).as_py()
    return largest is None or largest < _LARGEST_EXACT_FLOAT
