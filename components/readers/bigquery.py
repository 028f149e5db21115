"""Reads a BigQuery query as batches of columns."""

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

from components.readers.bigquery_metadata import check_options
from components.readers.records import ReadBatch, Rows

_MIN_ROWS_PER_BATCH = 1_000
_MAX_ROWS_PER_BATCH = 50_000
_SOURCE = "source"
# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#timestamp_type
_EXPORTED_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))? UTC")


def select_columns(query: str, columns: Sequence[str]) -> str:
    """Returns a query for the wanted columns of another query.

    Args:
      query: Standard SQL, one statement that returns rows.
      columns: Names, or dotted paths into STRUCTs.

    Returns:
      Standard SQL whose columns have the names of `alias`.
    """
    wanted = ",\n".join(
        f"  {_SOURCE}.{_quoted_path(column)} AS {alias(position)}"
        for position, column in enumerate(columns)
    )
    inner = query.strip().rstrip(";").rstrip()
    # The line break terminates a comment in the last line of the query.
    return f"SELECT\n{wanted}\nFROM (\n{inner}\n) AS {_SOURCE}"


def alias(position: int) -> str:
    """Returns the name in the result of the wanted column at `position`.

    A dotted path is not a valid column name.
    """
    return f"column_{position}"


def to_batch(rows: Sequence[dict[str, Any]], num_columns: int) -> ReadBatch:
    """Converts rows of the result, by alias, to columns.

    A table has no order, so every line number is 0. Timestamps that were exported as text become
    datetimes; other values are unchanged.
    """
    columns = tuple(
        [_value(row.get(alias(position))) for row in rows] for position in range(num_columns)
    )
    return ReadBatch(Rows(np.zeros(len(rows), np.int64), columns), [])


class ReadQuery(beam.PTransform[beam.pvalue.PBegin, beam.PCollection[ReadBatch]]):
    """A Pipeline → ReadBatches of a query's result."""

    def __init__(
        self,
        query: str,
        columns: Sequence[str],
        result: beam.PTransform[beam.pvalue.PBegin, beam.PCollection[dict[str, Any]]] | None = None,
    ):
        """Constructs the transform.

        Args:
          query: Standard SQL.
          columns: The wanted columns; `Rows.columns` has their order.
          result: A Pipeline → dicts by `alias`, to use instead of BigQuery.
        """
        super().__init__()
        self._query = query
        self._columns = tuple(columns)
        self._result = result

    @beam.typehints.no_annotations
    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[ReadBatch]:
        """Reads rows and groups them into batches.

        Raises:
          InputError: An option that BigQuery needs is missing from the pipeline's options.
        """
        return (
            begin
            | "Query" >> (self._result or self._from_bigquery(begin.pipeline.options))
            | "Batch"
            >> beam.BatchElements(
                min_batch_size=_MIN_ROWS_PER_BATCH, max_batch_size=_MAX_ROWS_PER_BATCH
            )
            | "ToColumns" >> beam.Map(to_batch, len(self._columns))
        )

    def _from_bigquery(self, options: PipelineOptions) -> beam.PTransform[Any, Any]:
        check_options(options)
        return beam.io.ReadFromBigQuery(
            query=select_columns(self._query, self._columns), use_standard_sql=True
        )


def _quoted_path(column: str) -> str:
    parts = (part.replace("\\", "\\\\").replace("`", "\\`") for part in column.split("."))
    return ".".join(f"`{part}`" for part in parts)


def _value(value: Any) -> Any:
    if not isinstance(value, str) or not value.endswith(" UTC"):
        return value
    match = _EXPORTED_TIMESTAMP.fullmatch(value)
    if match is None:
        return value
    fraction = (match[2] or "").ljust(6, "0")
    return datetime.fromisoformat(f"{match[1]}.{fraction}").replace(tzinfo=timezone.utc)
