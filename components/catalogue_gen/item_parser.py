"""The parser of records of the items files."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from components.catalogue_gen.item_table import (
    IS_READABLE,
    PROBLEM,
    SPELLING,
    feature_column,
    items_schema,
)
from components.id_normalisation import IdNormaliser
from components.readers.list_literals import parse_list
from components.readers.records import Record, Rows, Values
from components.records.arrow_rows import POSITION, TEXT, record_positions
from components.records.column_values import (
    ConvertedColumn,
    convert_categories,
    convert_ids,
    convert_numbers,
    to_list,
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
from components.records.fields import YEAR_1_US, FieldError, to_category
from components.records.list_text import ListForm, ListForms, form_of
from components.records.normalise_ids import normalise_ids
from components.records.null_words import null_words, obey_null_words
from components.records.text_looks import TextLooks, text_looks
from components.records.time_columns import join_columns
from components.records.time_ranges import TimeRange
from components.records.timestamps import convert_timestamps
from schemas.data_settings import ItemsSettings
from schemas.events import MICROSECONDS_PER_SECOND, Reject, RejectReason
from schemas.features import AVAILABLE_AT, ITEM_ID, MISSING_INTEGER, Feature
from schemas.source_settings import FeatureKind, ListFormat, TimestampUnit, as_columns


class ParsedItems(NamedTuple):
    """The result of parsing records: each is a readable row, rejected, or erased.

    Attributes:
      batch: The readable rows; and unreadable rows for the rejects whose item id is valid.
      rejects: The rejected records.
      num_erased: Number of records of erased items.
      list_forms: How the texts of the columns of lists are written.
      times: The range of each column of times.
      text_looks: How the texts of each column look.
    """

    batch: pa.RecordBatch
    rejects: list[Reject]
    num_erased: int
    list_forms: ListForms
    times: dict[str, TimeRange]
    text_looks: TextLooks


class ItemParser:
    """A parser that turns records of the items files into tables of items.

    Attributes:
      columns: The columns to read from the files.
      erased: The users and items to erase.
    """

    def __init__(
        self,
        settings: ItemsSettings,
        features: Sequence[Feature],
        erased: ErasedIds,
        normalise: IdNormaliser = IdNormaliser(),  # noqa: B008
    ):
        fields = settings.fields
        columns: dict[str, tuple[str | tuple[str, ...], Converter]] = {
            ITEM_ID: (fields.item_id, partial(convert_ids, name=ITEM_ID))
        }
        if fields.available_at is not None:
            columns[AVAILABLE_AT] = (
                fields.available_at,
                time_converter(
                    partial(
                        convert_timestamps_s,
                        name=AVAILABLE_AT,
                        unit=settings.timestamp_unit,
                        layout=settings.timestamp_format,
                    ),
                    settings,
                ),
            )
        for feature in features:
            columns[feature_column(feature)] = (feature.column, _converter(feature, settings))
        read = [as_columns(column) for column, _ in columns.values()]
        self.columns = tuple(itertools.chain.from_iterable(read))
        self._widths = tuple(map(len, read))
        numbers = {feature_column(f) for f in features if f.is_number or f.is_timestamp}
        self._converters = {
            name: obey_null_words(
                converter, null_words(settings, name in {AVAILABLE_AT, *numbers}), name
            )
            for name, (_, converter) in columns.items()
        }
        self._text_columns = [
            feature_column(feature) for feature in features if feature.kind is FeatureKind.TEXT
        ]
        self._schema = items_schema(features)
        self.erased = erased
        self._normalise = normalise

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
        as_written = convert_columns(self._converters, join_columns(rows, self._widths))
        converted = normalise_ids(as_written, self._normalise)
        rejects, is_erased = reject_rows(rows, path, converted, self.erased)
        has_item = ~is_erased
        has_item[list(converted[ITEM_ID].failures)] = False
        spelling = as_written[ITEM_ID].values
        batch = self._batch(converted, spelling, rows, file, first_failures(converted))
        batch = batch if has_item.all() else batch.filter(pa.array(has_item))
        forms = _list_forms(converted, rows, path)
        looks = TextLooks()
        for name in self._text_columns:
            looks += text_looks(name, batch.column(batch.schema.get_field_index(name)))
        return ParsedItems(batch, rejects, int(is_erased.sum()), forms, times_of(converted), looks)

    def _batch(
        self,
        converted: Mapping[str, ConvertedColumn],
        spelling: pa.StringArray,
        rows: Rows,
        file: int,
        failures: Mapping[int, FieldError],
    ) -> pa.RecordBatch:
        is_readable = np.ones(len(rows), bool)
        is_readable[list(failures)] = False
        problems = [failures.get(row) for row in range(len(rows))]
        arrays = {
            AVAILABLE_AT: pa.array(np.full(len(rows), MISSING_INTEGER)),
            POSITION: pa.array(record_positions(file, rows.lines)),
            TEXT: pa.array(_texts(rows), pa.string()),
            IS_READABLE: pa.array(is_readable),
            SPELLING: spelling,
            PROBLEM: pa.array([_described(problem) for problem in problems], pa.string()),
            **{name: column.values for name, column in converted.items()},
        }
        present = [arrays[field.name] for field in self._schema]
        return pa.RecordBatch.from_arrays(present, schema=self._schema)


def _described(problem: FieldError | None) -> str:
    """Returns the reason and the detail of a rejected row; "" for a readable row."""
    return f"{problem.reason.value}: {problem.detail}" if problem else ""


def _list_forms(converted: Mapping[str, ConvertedColumn], rows: Rows, path: str) -> ListForms:
    forms = ListForms()
    for name, column in converted.items():
        for form, (count, row) in column.list_forms.items():
            forms.add((name, form.value), count, (path, int(rows.lines[row])))
    return forms


def _texts(rows: Rows) -> list[str]:
    """Returns the original records, equal to `Rows.text` of each row."""
    if rows.texts is None:
        return [record.text() for record in rows.records()]
    return [Record(0, (), raw).text() for raw in rows.texts]


def convert_timestamps_s(
    values: Values, name: str, unit: TimestampUnit, layout: str | None = None
) -> ConvertedColumn:
    """Converts a column to seconds since the epoch, UTC, rounded down; -1 if missing."""
    times = convert_timestamps(values, unit, YEAR_1_US, layout)
    seconds_utc = times.values.to_numpy() // MICROSECONDS_PER_SECOND
    failures = {}
    for row, error in times.failures.items():
        if error.reason is RejectReason.MISSING_FIELD:
            seconds_utc[row] = MISSING_INTEGER
        else:
            failures[row] = FieldError(error.reason, f"{name}: {error.detail}")
    return ConvertedColumn(pa.array(seconds_utc), failures, times=times.times)


def convert_category_lists(
    values: Values,
    name: str,
    separator: str,
    list_format: ListFormat = "auto",
    null_words: frozenset[str] = frozenset(),
) -> ConvertedColumn:
    """Converts a column to lists of categories.

    Values are lists, or texts. A text is read as a list of JSON or Python, or split at the
    separator, as `list_format` states. Categories are trimmed; empty and repeated ones, and
    `null_words`, are dropped.

    >>> convert_category_lists(["Drama|Comedy| Drama", ["War"]], "genres", "|").values.to_pylist()
    [['Drama', 'Comedy'], ['War']]
    >>> convert_category_lists(["['Drama', 'War']", "[]"], "genres", "|").values.to_pylist()
    [['Drama', 'War'], []]
    """
    failures = {}
    lists: list[list[str]] = []
    forms: dict[ListForm, tuple[int, int]] = {}
    cache: dict[str, tuple[list[str], ListForm | None]] = {}
    for row, value in enumerate(to_list(values)):
        categories, form = cache.get(value, (None, None)) if type(value) is str else (None, None)
        if categories is None:
            try:
                found, form = _split(value, name, separator, list_format)
            except FieldError as error:
                failures[row], categories = error, []
            else:
                categories = [category for category in found if category not in null_words]
                if type(value) is str:
                    cache[value] = categories, form
        if form is not None:
            count, first = forms.get(form, (0, row))
            forms[form] = count + 1, first
        lists.append(categories)
    return ConvertedColumn(pa.array(lists, pa.list_(pa.string())), failures, forms)


def _split(
    value: Any, name: str, separator: str, list_format: ListFormat
) -> tuple[list[str], ListForm | None]:
    """Returns the categories of a value, and its form if that decides how the value is read."""
    form = None
    if isinstance(value, list | tuple):
        parts: Sequence[Any] = value
    else:
        text = to_category(value, name)
        literal = None if list_format == "separated" else parse_list(text)
        if literal is None and list_format == "literal" and text:
            detail = f"{name} is {text[:60]!r}, expected a list of JSON or Python, e.g. ['a', 'b']"
            raise FieldError(RejectReason.BAD_VALUE, detail)
        parts = text.split(separator) if literal is None else literal
        form = form_of(text) if text and list_format == "auto" else None
    texts = (to_category(part, name) for part in parts)
    return list(dict.fromkeys(text for text in texts if text)), form


def _converter(feature: Feature, settings: ItemsSettings) -> Converter:
    if feature.is_number:
        convert = partial(convert_numbers, name=feature.name)
        return number_converter(convert, feature.name, settings)
    if feature.is_timestamp:
        unit, layout = settings.timestamp_unit, settings.timestamp_format
        if feature.timestamp_unit or feature.timestamp_format:
            unit, layout = feature.timestamp_unit or unit, feature.timestamp_format
        return time_converter(
            partial(convert_timestamps_s, name=feature.name, unit=unit, layout=layout), settings
        )
    if feature.kind is FeatureKind.CATEGORIES:
        return partial(
            convert_category_lists,
            name=feature.name,
            separator=feature.separator,
            list_format=feature.list_format,
            null_words=null_words(settings, is_number=False),
        )
    return partial(convert_categories, name=feature.name)
