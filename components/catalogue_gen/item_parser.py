"""The parser of records of the items files."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from components.catalogue_gen.item_table import IS_READABLE, feature_column, items_schema
from components.readers.records import Record, Rows, Values
from components.records.arrow_rows import POSITION, TEXT, record_positions
from components.records.column_values import (
    ConvertedColumn,
    convert_categories,
    convert_ids,
    convert_numbers,
    convert_timestamps,
    to_list,
)
from components.records.conversion import (
    Converter,
    convert_columns,
    first_failures,
    reject_rows,
)
from components.records.erase import ErasedIds
from components.records.fields import YEAR_1_US, FieldError, to_category
from schemas.data_settings import ItemsSettings
from schemas.events import MICROSECONDS_PER_SECOND, Reject, RejectReason
from schemas.features import AVAILABLE_AT, ITEM_ID, MISSING_INTEGER, Feature
from schemas.source_settings import FeatureKind, TimestampUnit


class ParsedItems(NamedTuple):
    """The result of parsing records: each is a readable row, rejected, or erased.

    Attributes:
      batch: The readable rows; and unreadable rows for the rejects whose item id is valid.
      rejects: The rejected records.
      num_erased: Number of records of erased items.
    """

    batch: pa.RecordBatch
    rejects: list[Reject]
    num_erased: int


class ItemParser:
    """A parser that turns records of the items files into tables of items.

    Attributes:
      columns: The columns to read from the files.
      erased: The users and items to erase.
    """

    def __init__(self, settings: ItemsSettings, features: Sequence[Feature], erased: ErasedIds):
        fields, unit = settings.fields, settings.timestamp_unit
        columns: dict[str, tuple[str, Converter]] = {
            ITEM_ID: (fields.item_id, partial(convert_ids, name=ITEM_ID))
        }
        if fields.available_at is not None:
            columns[AVAILABLE_AT] = (
                fields.available_at,
                partial(convert_timestamps_s, name=AVAILABLE_AT, unit=unit),
            )
        for feature in features:
            columns[feature_column(feature)] = (feature.column, _converter(feature, unit))
        self.columns = tuple(column for column, _ in columns.values())
        self._converters = {name: converter for name, (_, converter) in columns.items()}
        self._schema = items_schema(features)
        self.erased = erased

    def parse(self, rows: Rows, file: int, path: str) -> ParsedItems:
        """Parses records of one file.

        Args:
          rows: Values of `self.columns`.
          file: Index of the file among the sorted items files.
          path: The path of the file, for the rejects.

        Returns:
          A batch of `items_schema`, and rejects. The first invalid field of a record, in the order
          of `columns`, is the reason of its rejection.
        """
        converted = convert_columns(self._converters, rows)
        rejects, is_erased = reject_rows(rows, path, converted, self.erased)
        has_item = ~is_erased
        has_item[list(converted[ITEM_ID].failures)] = False
        batch = self._batch(converted, rows, file, first_failures(converted))
        batch = batch if has_item.all() else batch.filter(pa.array(has_item))
        return ParsedItems(batch, rejects, int(is_erased.sum()))

    def _batch(
        self,
        converted: Mapping[str, ConvertedColumn],
        rows: Rows,
        file: int,
        failures: Mapping[int, FieldError],
    ) -> pa.RecordBatch:
        is_readable = np.ones(len(rows), bool)
        is_readable[list(failures)] = False
        arrays = {
            AVAILABLE_AT: pa.array(np.full(len(rows), MISSING_INTEGER)),
            POSITION: pa.array(record_positions(file, rows.lines)),
            TEXT: pa.array(_texts(rows), pa.string()),
            IS_READABLE: pa.array(is_readable),
            **{name: column.values for name, column in converted.items()},
        }
        present = [arrays[field.name] for field in self._schema]
        return pa.RecordBatch.from_arrays(present, schema=self._schema)


def _texts(rows: Rows) -> list[str]:
    """Returns the original records, equal to `Rows.text` of each row."""
    if rows.texts is None:
        return [record.text() for record in rows.records()]
    return [Record(0, (), raw).text() for raw in rows.texts]


def convert_timestamps_s(values: Values, name: str, unit: TimestampUnit) -> ConvertedColumn:
    """Converts a column to seconds since the epoch, UTC, rounded down; -1 if missing."""
    times = convert_timestamps(values, unit, YEAR_1_US)
    seconds_utc = times.values.to_numpy() // MICROSECONDS_PER_SECOND
    failures = {}
    for row, error in times.failures.items():
        if error.reason is RejectReason.MISSING_FIELD:
            seconds_utc[row] = MISSING_INTEGER
        else:
            failures[row] = FieldError(error.reason, f"{name}: {error.detail}")
    return ConvertedColumn(pa.array(seconds_utc), failures)


def convert_category_lists(values: Values, name: str, separator: str) -> ConvertedColumn:
    """Converts a column to lists of categories.

    Values are lists, or texts that are split by the separator. Categories are trimmed; empty and
    repeated ones are dropped.

    >>> convert_category_lists(["Drama|Comedy| Drama", ["War"]], "genres", "|").values.to_pylist()
    [['Drama', 'Comedy'], ['War']]
    """
    failures = {}
    lists: list[list[str]] = []
    cache: dict[str, list[str]] = {}
    for row, value in enumerate(to_list(values)):
        categories = cache.get(value) if type(value) is str else None
        if categories is None:
            try:
                categories = _split(value, name, separator)
            except FieldError as error:
                failures[row], categories = error, []
            if type(value) is str:
                cache[value] = categories
        lists.append(categories)
    return ConvertedColumn(pa.array(lists, pa.list_(pa.string())), failures)


def _split(value: Any, name: str, separator: str) -> list[str]:
    parts = value if isinstance(value, list | tuple) else to_category(value, name).split(separator)
    texts = (to_category(part, name) for part in parts)
    return list(dict.fromkeys(text for text in texts if text))


def _converter(feature: Feature, unit: TimestampUnit) -> Converter:
    if feature.is_number:
        return partial(convert_numbers, name=feature.name)
    if feature.is_timestamp:
        return partial(convert_timestamps_s, name=feature.name, unit=unit)
    if feature.kind is FeatureKind.CATEGORIES:
        return partial(convert_category_lists, name=feature.name, separator=feature.separator)
    return partial(convert_categories, name=feature.name)
