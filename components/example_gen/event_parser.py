"""Parsers of records of the log and of the users file."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from components.example_gen.event_table import (
    EVENT_ID,
    TIME_US,
    context_column,
    events_schema,
    user_column,
    user_rows_schema,
)
from components.id_normalisation import IdNormaliser
from components.readers.records import Rows
from components.records.arrow_rows import POSITION, TEXT, record_positions
from components.records.column_values import (
    ConvertedColumn,
    convert_categories,
    convert_ids,
    convert_numbers,
)
from components.records.conversion import (
    Converter,
    convert_columns,
    first_failures,
    reject_rows,
    times_of,
)
from components.records.decimal_comma import number_converter, time_converter
from components.records.erase import ErasedIds
from components.records.normalise_ids import normalise_ids
from components.records.null_words import null_words, obey_null_words
from components.records.time_columns import join_columns, row_order_times
from components.records.time_ranges import TimeRange
from components.records.timestamps import convert_timestamps
from schemas.data_settings import InteractionsSettings, UsersSettings
from schemas.events import Reject
from schemas.features import EVENT_TYPE, ITEM_ID, USER_ID, VALUE, Feature
from schemas.source_settings import SourceSettings, as_columns


class ParsedRecords(NamedTuple):
    """The result of parsing records: each is in the batch, rejected, or erased.

    Attributes:
      batch: The rows of the valid records.
      rejects: The rejected records.
      num_erased: Number of records of erased users and items.
      times: The range of each column of times.
    """

    batch: pa.RecordBatch
    rejects: list[Reject]
    num_erased: int
    times: dict[str, TimeRange]


class EventParser:
    """A parser that turns records of the log into tables of events.

    Attributes:
      columns: The columns to read from the files.
      erased: The users and items to erase.
    """

    def __init__(
        self,
        settings: InteractionsSettings,
        context: Sequence[Feature],
        erased: ErasedIds,
        normalise: IdNormaliser = IdNormaliser(),  # noqa: B008
    ):
        fields = settings.fields
        self._has_row_order = settings.has_row_order
        candidates: dict[str, tuple[str | tuple[str, ...] | None, Converter]] = {
            USER_ID: (fields.user_id, partial(convert_ids, name=USER_ID)),
            TIME_US: (
                settings.timestamp_columns or None,
                time_converter(
                    partial(
                        convert_timestamps,
                        unit=settings.timestamp_unit,
                        layout=settings.timestamp_format,
                    ),
                    settings,
                ),
            ),
            ITEM_ID: (fields.item_id, partial(convert_ids, name=ITEM_ID)),
            EVENT_TYPE: (fields.event_type, partial(convert_categories, name=EVENT_TYPE)),
            VALUE: (
                fields.value,
                number_converter(partial(convert_numbers, name=VALUE), VALUE, settings),
            ),
            EVENT_ID: (fields.event_id, partial(convert_categories, name=EVENT_ID)),
        }
        for feature in context:
            candidates[context_column(feature)] = (
                feature.column,
                _feature_converter(feature, settings),
            )
        present = {name: entry for name, entry in candidates.items() if entry[0] is not None}
        columns = [as_columns(column) for column, _ in present.values()]
        self.columns = tuple(itertools.chain.from_iterable(columns))
        self._widths = tuple(map(len, columns))
        numbers = {context_column(feature) for feature in context if feature.is_number}
        self._converters = {
            name: obey_null_words(
                converter,
                null_words(settings, is_number=name in {TIME_US, VALUE, *numbers}),
                "timestamp" if name == TIME_US else name,
            )
            for name, (_, converter) in present.items()
        }
        self._schema = events_schema(context)
        self.erased = erased
        self._normalise = normalise

    def parse(self, rows: Rows, file: int, path: str) -> ParsedRecords:
        """Parses records of one file.

        Args:
          rows: Values of `self.columns`.
          file: Index of the file among the sorted files of the log.
          path: The path of the file, for the rejects.

        Returns:
          A batch of `event_table.events_schema`, and rejects. The first invalid field of a record,
          in the order of `columns`, is the reason of its rejection.
        """
        as_written = convert_columns(self._converters, join_columns(rows, self._widths))
        converted = normalise_ids(as_written, self._normalise)
        if self._has_row_order:
            converted[TIME_US] = row_order_times(rows.lines, file, path)
        return _assemble(converted, rows, file, path, self._schema, self.erased)


class UserParser:
    """A parser that turns records of the users file into tables of user features.

    Attributes:
      columns: The columns to read from the files.
      erased: The users and items to erase.
    """

    def __init__(
        self,
        settings: UsersSettings,
        features: Sequence[Feature],
        erased: ErasedIds,
        normalise: IdNormaliser = IdNormaliser(),  # noqa: B008
    ):
        self.columns = (settings.fields.user_id, *(feature.column for feature in features))
        self._converters: dict[str, Converter] = {USER_ID: partial(convert_ids, name=USER_ID)}
        for feature in features:
            self._converters[user_column(feature)] = _feature_converter(feature, settings)
        numbers = {user_column(feature) for feature in features if feature.is_number}
        self._converters = {
            name: obey_null_words(converter, null_words(settings, name in numbers), name)
            for name, converter in self._converters.items()
        }
        self._schema = user_rows_schema(features)
        self.erased = erased
        self._normalise = normalise

    def parse(self, rows: Rows, file: int, path: str) -> ParsedRecords:
        """Parses records of one file.

        Args:
          rows: Values of `self.columns`.
          file: Index of the file among the sorted users files.
          path: The path of the file, for the rejects.

        Returns:
          A batch of `event_table.user_rows_schema`, and rejects.
        """
        converted = normalise_ids(convert_columns(self._converters, rows), self._normalise)
        texts = [rows.text(row) for row in range(len(rows))]
        converted[TEXT] = ConvertedColumn(pa.array(texts, pa.string()))
        return _assemble(converted, rows, file, path, self._schema, self.erased)


def _feature_converter(feature: Feature, source: SourceSettings) -> Converter:
    """Returns the converter of a single-valued feature, to numbers or to categories."""
    if feature.is_number:
        convert = partial(convert_numbers, name=feature.name)
        return number_converter(convert, feature.name, source)
    return partial(convert_categories, name=feature.name)


def _assemble(
    converted: Mapping[str, ConvertedColumn],
    rows: Rows,
    file: int,
    path: str,
    schema: pa.Schema,
    erased: ErasedIds,
) -> ParsedRecords:
    arrays = {name: column.values for name, column in converted.items()}
    arrays[POSITION] = pa.array(record_positions(file, rows.lines))
    present = [
        arrays[field.name] if field.name in arrays else _missing_column(field.type, len(rows))
        for field in schema
    ]
    batch = pa.RecordBatch.from_arrays(present, schema=schema)
    rejects, is_erased = reject_rows(rows, path, converted, erased)
    is_kept = ~is_erased
    is_kept[list(first_failures(converted))] = False
    kept = batch if is_kept.all() else batch.filter(pa.array(is_kept))
    return ParsedRecords(kept, rejects, int(is_erased.sum()), times_of(converted))


def _missing_column(dtype: pa.DataType, num_rows: int) -> pa.Array:
    """Returns the values of a column that the log does not have."""
    missing = float("nan") if pa.types.is_floating(dtype) else ""
    return pa.nulls(num_rows, dtype).fill_null(missing)
