"""Batches of the catalogue's records as tables of items, and rejections with a reason."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from components.catalogue_gen.item_table import IS_READABLE, feature_column, items_schema
from components.readers.records import Record, Rows, Values
from components.records import column_values as columns
from components.records.arrow_rows import PLACE, TEXT, places
from components.records.column_values import Converted, to_list
from components.records.conversion import (
    Converter,
    convert_columns,
    first_failures,
    reject_rows,
)
from components.records.erase import ErasedIds
from components.records.fields import BEGIN_OF_TIME_US, FieldError, to_category
from schemas.data_settings import ItemsSettings
from schemas.events import MICROSECONDS_PER_SECOND, Reject, RejectReason
from schemas.features import AVAILABLE_AT, ITEM_ID, MISSING_INTEGER, Feature
from schemas.source_settings import FeatureKind, TimestampUnit


class ParsedItems(NamedTuple):
    """What some records came to: each is a readable row, a reject, or erased.

    The batch also has the rejects whose item can be told, as rows that are not readable.
    """

    batch: pa.RecordBatch
    rejects: list[Reject]
    num_erased: int


class ItemParser:
    """Turns records of the catalogue, read with `columns`, into tables of items."""

    def __init__(self, settings: ItemsSettings, features: Sequence[Feature], erased: ErasedIds):
        fields, unit = settings.fields, settings.timestamp_unit
        wanted: dict[str, tuple[str, Converter]] = {
            ITEM_ID: (fields.item_id, partial(columns.ids, name=ITEM_ID))
        }
        if fields.available_at is not None:
            wanted[AVAILABLE_AT] = (
                fields.available_at,
                partial(seconds, name=AVAILABLE_AT, unit=unit),
            )
        for feature in features:
            wanted[feature_column(feature)] = (feature.column, _converter(feature, unit))
        self.columns = tuple(column for column, _ in wanted.values())
        self._converters = {name: converter for name, (_, converter) in wanted.items()}
        self._schema = items_schema(features)
        self.erased = erased

    def parse(self, rows: Rows, file: int, path: str) -> ParsedItems:
        """The items among some records, and why the others are none.

        Args:
          rows: Values of `self.columns`.
          file: Index of the file among the catalogue's sorted files.
          path: Its path, for the rejections.

        Returns:
          A batch of `items_schema`; of several unfit fields the first names the reason.
        """
        converted = convert_columns(self._converters, rows)
        rejects, is_erased = reject_rows(rows, path, converted, self.erased)
        is_told = ~is_erased
        is_told[list(converted[ITEM_ID].failures)] = False
        batch = self._batch(converted, rows, file, first_failures(converted))
        told = batch if is_told.all() else batch.filter(pa.array(is_told))
        return ParsedItems(told, rejects, int(is_erased.sum()))

    def _batch(
        self,
        converted: Mapping[str, Converted],
        rows: Rows,
        file: int,
        failures: Mapping[int, FieldError],
    ) -> pa.RecordBatch:
        is_readable = np.ones(len(rows), bool)
        is_readable[list(failures)] = False
        arrays = {
            AVAILABLE_AT: pa.array(np.full(len(rows), MISSING_INTEGER)),
            PLACE: pa.array(places(file, rows.lines)),
            TEXT: pa.array(_texts(rows), pa.string()),
            IS_READABLE: pa.array(is_readable),
            **{name: column.values for name, column in converted.items()},
        }
        present = [arrays[field.name] for field in self._schema]
        return pa.RecordBatch.from_arrays(present, schema=self._schema)


def _texts(rows: Rows) -> list[str]:
    """The records as they were read, as `Rows.text` gives them one by one."""
    if rows.texts is None:
        return [record.text() for record in rows.records()]
    return [Record(0, (), raw).text() for raw in rows.texts]


def seconds(values: Values, name: str, unit: TimestampUnit) -> Converted:
    """Seconds since the epoch, UTC, rounded down; -1 where missing."""
    times = columns.timestamps(values, unit, BEGIN_OF_TIME_US)
    seconds_utc = times.values.to_numpy() // MICROSECONDS_PER_SECOND
    failures = {}
    for row, error in times.failures.items():
        if error.reason is RejectReason.MISSING_FIELD:
            seconds_utc[row] = MISSING_INTEGER
        else:
            failures[row] = FieldError(error.reason, f"{name}: {error.detail}")
    return Converted(pa.array(seconds_utc), failures)


def categories(values: Values, name: str, separator: str) -> Converted:
    """Lists of texts: lists as they are, or texts split by the separator; each trimmed, without
    empty and repeated ones.
    """
    failures = {}
    lists: list[list[str]] = []
    known: dict[str, list[str]] = {}
    for row, value in enumerate(to_list(values)):
        found = known.get(value) if type(value) is str else None
        if found is None:
            try:
                found = _split(value, name, separator)
            except FieldError as error:
                failures[row], found = error, []
            if type(value) is str:
                known[value] = found
        lists.append(found)
    return Converted(pa.array(lists, pa.list_(pa.string())), failures)


def _split(value: Any, name: str, separator: str) -> list[str]:
    parts = value if isinstance(value, list | tuple) else to_category(value, name).split(separator)
    texts = (to_category(part, name) for part in parts)
    return list(dict.fromkeys(text for text in texts if text))


def _converter(feature: Feature, unit: TimestampUnit) -> Converter:
    if feature.is_number:
        return partial(columns.numbers, name=feature.name)
    if feature.is_timestamp:
        return partial(seconds, name=feature.name, unit=unit)
    if feature.kind is FeatureKind.CATEGORIES:
        return partial(categories, name=feature.name, separator=feature.separator)
    return partial(columns.categories, name=feature.name)
