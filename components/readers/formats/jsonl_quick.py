"""Parses blocks of JSON Lines by Arrow: the fast path, twice as fast as line by line.

It applies only where the result is certain to equal that of parsing line by line.
"""

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

# A record nested more deeply than orjson accepts is longer than this.
_MAX_LINE_BYTES = 2_000
_LINES_FOR_TYPES = 20
_NEWLINE, _OPEN, _CLOSE = b"\n{}"
_LARGEST_EXACT_FLOAT = 2**53
# Arrow's parser accepts lone surrogates, which orjson rejects.
_ESCAPED_SURROGATES = (b"\\ud", b"\\uD")


def quick_columns(lines: list[bytes], columns: tuple[str, ...]) -> tuple[pa.Array, ...] | None:
    """Parses the wanted values of a block if it need not be read line by line.

    Args:
      lines: Lines without their ends.
      columns: Keys of the records.

    Returns:
      One array per column of strings, integers or floats, null where a record does not have the
      key; None where the block must be read line by line.
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
    """Returns whether every line can only be one object: objects must not share or span lines."""
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
    """Infers the types of the columns from the first records; None where a type is not plain."""
    try:
        records = [orjson.loads(line) for line in lines[:_LINES_FOR_TYPES]]
    except orjson.JSONDecodeError:
        return None
    python_types = {
        name: {type(record.get(name)) for record in records} - {type(None)} for name in columns
    }
    arrow_types = {name: _arrow_type(types) for name, types in python_types.items()}
    if None in arrow_types.values():
        return None
    return pa.schema(list(arrow_types.items()))


def _arrow_type(types: set[type]) -> pa.DataType | None:
    if types <= {str}:
        return pa.string()
    if types == {int}:
        return pa.int64()
    return pa.float64() if types <= {int, float} else None


def _is_exact(array: pa.Array) -> bool:
    """Returns whether float64 is exact for every value, which may be an integer in the file."""
    if not pa.types.is_floating(array.type):
        return True
    largest = pc.max(pc.abs(array)).as_py()
    return largest is None or largest < _LARGEST_EXACT_FLOAT
