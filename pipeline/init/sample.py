"""The first records of a source, column by column."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from components.readers.list_literals import parse_list
from components.readers.read import all_columns, read_batches
from components.readers.records import ReadBatch, Values
from components.records.binary_values import hexadecimal
from components.records.column_values import to_list
from components.records.decimal_comma import has_decimal_comma
from pipeline.init.column import Column, column_of
from pipeline.init.layout import Layout
from pipeline.init.words import Role, name_score
from schemas.errors import InputError
from schemas.source_settings import SourceSettings

MAX_RECORDS = 100_000
# Records that decide whether a column is a list of events, and whether numbers have a comma.
_FEW_RECORDS = 1_000
_MAX_DEPTH = 3
_COMMA_SHARE = 0.9
# A name with the word of a role at its end, such as `product_ids`.
_NAMED = 0.9


@dataclass(frozen=True)
class Sample:
    """The first records of a source.

    Attributes:
      layout: The layout, completed by what the records show: `explode` and `csv.decimal`.
      columns: The columns by name, in their order; nested values as dotted paths.
      num_records: Number of readable records; elements of exploded lists count each.
      num_unreadable: Number of records that cannot be parsed.
      is_complete: Whether these are all records of the source.
      repeated: The names that several columns have, which are left out.
    """

    layout: Layout
    columns: dict[str, Column]
    num_records: int
    num_unreadable: int
    is_complete: bool
    repeated: tuple[str, ...] = ()

    @property
    def extent(self) -> str:
        """The number of records, for a message."""
        few = "all" if self.is_complete else "the first"
        return f"{few} {self.num_records:,} records"


def read_sample(layout: Layout, explodes: bool, max_records: int = MAX_RECORDS) -> Sample:
    """Returns the first records of a source.

    Args:
      layout: The layout of its files.
      explodes: Whether lists of events become records; otherwise they remain lists.
      max_records: The largest number of records that are read.

    Raises:
      InputError: A file cannot be read, or no record is readable.
    """
    source = layout.source
    values, unreadable, is_complete = _read(layout.files, source, max_records)
    if explodes and (lists := _lists_of_events(values)):
        source = replace(source, explode=lists[0] if len(lists) == 1 else lists)
        values, unreadable, is_complete = _read(layout.files, source, max_records)
    if source.format == "csv" and (csv := _with_decimal(source, values)) is not source:
        source = csv
    num_records = len(next(iter(values.values()), []))
    if not num_records:
        raise InputError(
            f"{layout.files[0]}: none of its first {unreadable:,} records is readable as "
            f"{layout.description}; check the file"
        )
    columns = {name: column_of(name, column, source) for name, column in values.items()}
    found = all_columns(layout.files[0], source)
    repeated = tuple(dict.fromkeys(name for name in found if name and found.count(name) > 1))
    completed = replace(layout, source=source)
    return Sample(completed, columns, num_records, unreadable, is_complete, repeated)


def _read(
    files: tuple[str, ...], source: SourceSettings, max_records: int
) -> tuple[dict[str, list[Any]], int, bool]:
    """Reads the first records.

    Returns:
      The values by column, nested ones by dotted path; the number of records that cannot be parsed;
      and whether these are all records.
    """
    found = all_columns(files[0], source)
    names = tuple(name for name in found if name and found.count(name) == 1)
    # The elements of exploded lists are read in place of the lists.
    names = tuple(name for name in names if not _has_elements(name, names, source))
    columns: list[list[Any]] = [[] for _ in names]
    num_records = unreadable = 0
    for batch in _batches(files, source, names):
        room = max_records - num_records
        for column, read in zip(columns, batch.rows.columns, strict=True):
            column.extend(_first(read, room))
        num_records += min(len(batch.rows), room)
        unreadable += len(batch.rejects)
        if len(batch.rows) > room:
            return _flat(dict(zip(names, columns, strict=True))), unreadable, False
    return _flat(dict(zip(names, columns, strict=True))), unreadable, True


def _has_elements(name: str, names: tuple[str, ...], source: SourceSettings) -> bool:
    return name in source.exploded and any(other.startswith(f"{name}.") for other in names)


def _batches(
    files: tuple[str, ...], source: SourceSettings, names: tuple[str, ...]
) -> Iterator[ReadBatch]:
    for path in files:
        yield from read_batches(path, source, names)


def _first(values: Values, count: int) -> list[Any]:
    return list(to_list(hexadecimal(values[:count])))


def _flat(columns: dict[str, list[Any]], depth: int = 0) -> dict[str, list[Any]]:
    """Replaces columns of objects by a column for each of their keys, named by dotted paths."""
    flat: dict[str, list[Any]] = {}
    for name, values in columns.items():
        keys = dict.fromkeys(
            key for value in values[:_FEW_RECORDS] if isinstance(value, dict) for key in value
        )
        if not keys or depth == _MAX_DEPTH:
            flat.setdefault(name, values)
            continue
        nested = {
            f"{name}.{key}": [
                value.get(key) if isinstance(value, dict) else None for value in values
            ]
            for key in keys
        }
        for key, inner in _flat(nested, depth + 1).items():
            flat.setdefault(key, inner)
    return flat


def _lists_of_events(columns: dict[str, list[Any]]) -> tuple[str, ...]:
    """Returns the columns whose elements are the events of a record; none if a record is an event.

    They are a list of objects, if one of their keys is named like an item or a time and no other
    column is an item; lists of equal lengths, if one of them is named like an item or a time; or a
    list of items, such as a basket, if no other column is an item.
    """
    few = {name: values[:_FEW_RECORDS] for name, values in columns.items()}
    lists = {name: found for name, values in few.items() if (found := _lists(values))}
    others = [name for name in few if name not in lists]
    for name, found in lists.items():
        keys = {key for each in found for value in each if isinstance(value, dict) for key in value}
        if _any_named(keys, Role.ITEM, Role.TIME) and not _any_named(others, Role.ITEM):
            return (name,)
    plain = {
        name: tuple(map(len, found))
        for name, found in lists.items()
        if not any(isinstance(value, dict) for each in found for value in each)
    }
    for lengths in plain.values():
        equal = tuple(name for name, other in plain.items() if other == lengths)
        if len(equal) > 1 and max(lengths) > 1 and _any_named(equal, Role.ITEM, Role.TIME):
            return equal
    if _any_named(others, Role.ITEM):
        return ()
    return next(((name,) for name in plain if name_score(name, Role.ITEM) >= _NAMED), ())


def _lists(values: list[Any]) -> list[list[Any]]:
    """Returns the lists of a column; none if other values occur."""
    present = [column_list for value in values if (column_list := _as_list(value)) is not None]
    return present if len(present) == sum(value is not None for value in values) else []


def _as_list(value: Any) -> list[Any] | None:
    if isinstance(value, str):
        return parse_list(value)
    return value if isinstance(value, list) else None


def _any_named(names: Any, *roles: Role) -> bool:
    return any(name_score(name, role) > 0 for name in names for role in roles)


def _with_decimal(source: SourceSettings, columns: dict[str, list[Any]]) -> SourceSettings:
    """Returns the settings with a decimal comma if the numbers of a column have one."""
    if source.csv.delimiter == ",":
        return source
    for values in columns.values():
        texts = [value for value in values[:_FEW_RECORDS] if value]
        num_commas = sum(map(has_decimal_comma, texts))
        if texts and num_commas >= _COMMA_SHARE * len(texts):
            return replace(source, csv=replace(source.csv, decimal=","))
    return source
