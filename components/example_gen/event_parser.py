"""Batches of records as tables of events, or of users, and rejections with a reason."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from components.example_gen.event_table import (
    EVENT_ID,
    TIME_US,
    context_column,
    events_schema,
    user_rows_schema,
)
from components.readers.records import Rows
from components.records import column_values as columns
from components.records.arrow_rows import PLACE, TEXT, places
from components.records.column_values import Converted
from components.records.conversion import (
    Converter,
    convert_columns,
    first_failures,
    reject_rows,
)
from components.records.erase import ErasedIds
from schemas.data_settings import InteractionsSettings, UsersSettings
from schemas.events import Reject
from schemas.features import EVENT_TYPE, ITEM_ID, USER_ID, VALUE, Feature


class Parsed(NamedTuple):
    """What some records came to: each is in the batch, a reject, or erased."""

    batch: pa.RecordBatch
    rejects: list[Reject]
    num_erased: int


class EventParser:
    """Turns records of the log, read with `columns`, into tables of events."""

    def __init__(
        self,
        settings: InteractionsSettings,
        context: Sequence[Feature],
        erased: ErasedIds,
    ):
        fields = settings.fields
        wanted: dict[str, tuple[str | None, Converter]] = {
            USER_ID: (fields.user_id, partial(columns.ids, name=USER_ID)),
            TIME_US: (fields.timestamp, partial(columns.timestamps, unit=settings.timestamp_unit)),
            ITEM_ID: (fields.item_id, partial(columns.ids, name=ITEM_ID)),
            EVENT_TYPE: (fields.event_type, partial(columns.categories, name=EVENT_TYPE)),
            VALUE: (fields.value, partial(columns.numbers, name=VALUE)),
            EVENT_ID: (fields.event_id, partial(columns.categories, name=EVENT_ID)),
        }
        for feature in context:
            wanted[context_column(feature)] = (feature.column, _feature_converter(feature))
        present = {name: entry for name, entry in wanted.items() if entry[0] is not None}
        self.columns = tuple(column for column, _ in present.values() if column is not None)
        self._converters = {name: converter for name, (_, converter) in present.items()}
        self._schema = events_schema(context)
        self.erased = erased

    def parse(self, rows: Rows, file: int, path: str) -> Parsed:
        """The events among some records, and why the others are none.

        Args:
          rows: Values of `self.columns`.
          file: Index of the file among the log's sorted files.
          path: Its path, for the rejections.

        Returns:
          A batch of `event_table.events_schema`; of several unfit fields the first names the
          reason of a rejection.
        """
        converted = convert_columns(self._converters, rows)
        return _assemble(converted, rows, file, path, self._schema, self.erased)


class UserParser:
    """Turns records of the users file, read with `columns`, into rows of user features."""

    def __init__(
        self,
        settings: UsersSettings,
        features: Sequence[Feature],
        erased: ErasedIds,
    ):
        self.columns = (settings.fields.user_id, *(feature.column for feature in features))
        self._converters: dict[str, Converter] = {USER_ID: partial(columns.ids, name=USER_ID)}
        for feature in features:
            self._converters[feature.name] = _feature_converter(feature)
        self._schema = user_rows_schema(features)
        self.erased = erased

    def parse(self, rows: Rows, file: int, path: str) -> Parsed:
        """As `EventParser.parse`; a batch of `event_table.user_rows_schema`."""
        converted = convert_columns(self._converters, rows)
        texts = [rows.text(row) for row in range(len(rows))]
        converted[TEXT] = Converted(pa.array(texts, pa.string()))
        return _assemble(converted, rows, file, path, self._schema, self.erased)


def _feature_converter(feature: Feature) -> Converter:
    """How a single-valued feature is read: numbers (missing: NaN) or texts (missing: "")."""
    return partial(columns.numbers if feature.is_number else columns.categories, name=feature.name)


def _assemble(
    converted: Mapping[str, Converted],
    rows: Rows,
    file: int,
    path: str,
    schema: pa.Schema,
    erased: ErasedIds,
) -> Parsed:
    arrays = {name: column.values for name, column in converted.items()}
    arrays[PLACE] = pa.array(places(file, rows.lines))
    present = [
        arrays[field.name] if field.name in arrays else _absent(field.type, len(rows))
        for field in schema
    ]
    batch = pa.RecordBatch.from_arrays(present, schema=schema)
    rejects, is_erased = reject_rows(rows, path, converted, erased)
    is_kept = ~is_erased
    is_kept[list(first_failures(converted))] = False
    kept = batch if is_kept.all() else batch.filter(pa.array(is_kept))
    return Parsed(kept, rejects, int(is_erased.sum()))


def _absent(dtype: pa.DataType, num_rows: int) -> pa.Array:
    """What stands in a column that the log does not have."""
    missing = float("nan") if pa.types.is_floating(dtype) else ""
    return pa.nulls(num_rows, dtype).fill_null(missing)
