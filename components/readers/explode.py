"""Columns of lists of which each element becomes a record: `explode` in the settings."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.list_literals import parse_list
from components.readers.records import ReadBatch, Rows, Values, getter, has_column, python_values
from schemas.events import Reject, RejectReason

_RECORDS_PER_BATCH = 5_000


def list_of(name: str, exploded: Sequence[str]) -> str | None:
    """Returns the exploded column to whose elements a wanted column belongs.

    >>> list_of("events.item", ["events"]), list_of("events", ["events"]), list_of("user", ["u"])
    ('events', 'events', None)
    """
    return next((each for each in exploded if name == each or name.startswith(f"{each}.")), None)


def stored_columns(columns: Sequence[str], exploded: Sequence[str]) -> tuple[str, ...]:
    """Returns the columns of the file that hold the wanted ones: whole lists, and the others."""
    others = [name for name in columns if list_of(name, exploded) is None]
    return tuple(dict.fromkeys([*others, *exploded]))


def has_element_column(record: dict[str, Any], name: str, exploded: Sequence[str]) -> bool:
    """Returns whether a record has a wanted column, or any element of its list has it."""
    parent = list_of(name, exploded)
    if parent is None:
        return has_column(record, name)
    elements = _as_list(getter(parent)(record))
    if name == parent:
        return isinstance(elements, list)
    field = name[len(parent) + 1 :]
    return isinstance(elements, list) and any(
        isinstance(element, dict) and has_column(element, field) for element in elements
    )


def element_names(record: dict[str, Any], exploded: Sequence[str]) -> Iterator[str]:
    """Yields the dotted paths of the fields of the elements of a record."""
    for parent in exploded:
        elements = _as_list(getter(parent)(record))
        for element in elements if isinstance(elements, list) else ():
            if isinstance(element, dict):
                yield from (f"{parent}.{name}" for name in element)


def parent_list(record: dict[str, Any], name: str) -> str | None:
    """Returns the dotted path above `name` at which a record has a list; None without one."""
    parts = name.split(".")
    paths = (".".join(parts[:end]) for end in range(1, len(parts)))
    return next((path for path in paths if isinstance(getter(path)(record), list)), None)


def explain_list(name: str) -> str:
    """Returns the explanation that a column is a list, and how its elements are read."""
    return f"{name} is a list: set explode: {name}, which reads each of its elements as a record"


def explode(
    batch: ReadBatch,
    path: str,
    columns: Sequence[str],
    exploded: Sequence[str],
    accepts_scalars: bool = False,
) -> Iterator[ReadBatch]:
    """Replaces each record by one record for each element of its lists.

    A record whose list is empty has no elements. A record without a list, or whose lists differ in
    length, is rejected.

    Args:
      batch: Records with `stored_columns`.
      path: The file, for rejections.
      columns: The wanted columns.
      exploded: The columns of lists.
      accepts_scalars: Whether a single value is a list of one element, and a missing one is empty,
        as in tf.Examples.
    """
    rows, rejects = batch
    for begin in range(0, len(rows), _RECORDS_PER_BATCH):
        part = _slice(rows, begin, begin + _RECORDS_PER_BATCH)
        yield _explode_rows(part, path, columns, exploded, accepts_scalars)
    if rejects or not len(rows):
        yield ReadBatch(Rows.empty(len(columns)), rejects)


def _slice(rows: Rows, begin: int, end: int) -> Rows:
    texts = None if rows.texts is None else rows.texts[begin:end]
    return Rows(rows.lines[begin:end], tuple(each[begin:end] for each in rows.columns), texts)


def _explode_rows(
    rows: Rows, path: str, columns: Sequence[str], exploded: Sequence[str], accepts_scalars: bool
) -> ReadBatch:
    stored = stored_columns(columns, exploded)
    lists = {name: _lists(rows.columns[stored.index(name)], accepts_scalars) for name in exploded}
    rejects = []
    is_valid = np.ones(len(rows), bool)
    for row, values in enumerate(zip(*lists.values(), strict=True)):
        if problem := _problem(dict(zip(lists, values, strict=True))):
            reason, detail = problem
            rejects.append(Reject(path, int(rows.lines[row]), reason, detail, rows.text(row)))
            is_valid[row] = False
    kept = rows if is_valid.all() else rows.where(is_valid)
    valid = np.flatnonzero(is_valid)
    lengths = [len(lists[exploded[0]][row]) for row in valid]
    parents = np.repeat(np.arange(len(kept)), lengths)
    elements = {
        name: list(chain.from_iterable(values[row] for row in valid))
        for name, values in lists.items()
    }
    values = tuple(
        _repeated(kept.columns[stored.index(name)], parents)
        if (parent := list_of(name, exploded)) is None
        else _fields(elements[parent], name[len(parent) + 1 :])
        for name in columns
    )
    texts = None if kept.texts is None else [kept.texts[row] for row in parents.tolist()]
    return ReadBatch(Rows(kept.lines[parents], values, texts), rejects)


def _lists(values: Values, accepts_scalars: bool) -> list[Any]:
    """Returns a list for each value; a value that is no list is unchanged."""
    found = [_as_list(value) for value in python_values(_with_microseconds(values))]
    if accepts_scalars:
        return [
            value if isinstance(value, list) else [] if value is None else [value]
            for value in found
        ]
    return found


def _as_list(value: Any) -> Any:
    """Returns a list that is written as text as a list; other values are unchanged."""
    if isinstance(value, str):
        parsed = parse_list(value)
        return value if parsed is None else parsed
    return value


def _with_microseconds(values: Values) -> Values:
    """Truncates nanosecond times within lists; Python's datetime has no nanoseconds."""
    if isinstance(values, list):
        return values
    plain = _plain_type(values.type)
    return values if plain == values.type else values.cast(plain, safe=False)


def _plain_type(dtype: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(dtype) and dtype.unit == "ns":
        return pa.timestamp("us", dtype.tz)
    if pa.types.is_list(dtype):
        return pa.list_(dtype.value_field.with_type(_plain_type(dtype.value_type)))
    if pa.types.is_large_list(dtype):
        return pa.large_list(dtype.value_field.with_type(_plain_type(dtype.value_type)))
    if pa.types.is_struct(dtype):
        return pa.struct([field.with_type(_plain_type(field.type)) for field in dtype])
    return dtype


def _problem(values: dict[str, Any]) -> tuple[RejectReason, str] | None:
    for name, value in values.items():
        if value is None:
            return RejectReason.MISSING_FIELD, f"{name}, the list to explode, is missing"
        if not isinstance(value, list):
            detail = f"{name} is a {type(value).__name__}, expected a list to explode"
            return RejectReason.UNPARSEABLE, detail
    lengths = {name: len(value) for name, value in values.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        return RejectReason.UNPARSEABLE, f"the lists to explode differ in length: {shown} elements"
    return None


def _repeated(values: Values, parents: npt.NDArray[np.int64]) -> Values:
    if isinstance(values, list):
        return [values[row] for row in parents.tolist()]
    return pc.take(values, pa.array(parents))


def _fields(elements: list[Any], field: str) -> list[Any]:
    """Returns a field of each element, None where it has none; whole elements for no field."""
    if not field:
        return elements
    get = getter(field)
    return [get(element) if isinstance(element, dict) else None for element in elements]
