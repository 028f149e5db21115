"""The metadata of a BigQuery query, without running it: its columns, and the age of its tables."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from components.readers.extras import check_installed
from schemas.errors import InputError

# Functions whose result may change without a change of the tables, and tables outside BigQuery.
_VOLATILE = re.compile(
    r"\b(CURRENT_(?:DATE|TIME|DATETIME|TIMESTAMP)|RAND|GENERATE_UUID|SESSION_USER|EXTERNAL_QUERY"
    r"|INFORMATION_SCHEMA)\b",
    re.IGNORECASE,
)
# "Queries that reference more than 50 tables will not have a complete list":
# https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2
_MAX_LISTED_TABLES = 50
# The types of tables whose modification time covers every change of their rows.
_TRACKED_TYPES = ("TABLE", "VIEW", "MATERIALIZED_VIEW", "SNAPSHOT", "CLONE")


class QueryClient(Protocol):
    """The part of `google.cloud.bigquery.Client` that is used here."""

    def query(self, query: str, job_config: Any = None) -> Any:
        """Starts a query job."""

    def get_table(self, table: Any) -> Any:
        """Returns the metadata of a table."""


@dataclass(frozen=True)
class QueryMetadata:
    """The metadata of a query before it runs.

    Attributes:
      columns: Its columns, and dotted paths to the fields of STRUCTs.
      tables: [(table, time of its last modification)], sorted.
      volatile_reason: Why its result may change although no table is modified; "" where it
        cannot.
    """

    columns: tuple[str, ...]
    tables: tuple[tuple[str, str], ...]
    volatile_reason: str


def check_options(options: PipelineOptions) -> None:
    """Checks that a pipeline can read from BigQuery.

    Raises:
      InputError: A package or an option is missing; the message names it.
    """
    check_installed("format bigquery", "google.cloud.bigquery", "gcp")
    cloud = options.view_as(GoogleCloudOptions)
    if not cloud.project:
        raise InputError(
            "beam.args: format bigquery needs --project=PROJECT, the project that is billed"
        )
    if not (cloud.temp_location or "").startswith("gs://"):
        raise InputError(
            "beam.args: format bigquery needs --temp_location=gs://BUCKET/FOLDER, to which the "
            "result is exported"
        )


def describe_query(
    query: str, beam_args: Sequence[str], client: QueryClient | None = None
) -> QueryMetadata:
    """Returns the metadata of a query, from a dry run, which is not billed.

    Args:
      query: Standard SQL.
      beam_args: Beam's options, with the project.
      client: The client to use; None for one with the project and the credentials of the
        environment.

    Raises:
      InputError: The query is invalid, or BigQuery cannot be reached.
    """
    options = PipelineOptions(list(beam_args))
    check_options(options)
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery

    try:
        if client is None:
            client = bigquery.Client(project=options.view_as(GoogleCloudOptions).project)
        job = client.query(
            query, job_config=bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
        )
        tables = [
            client.get_table(table) for table in job.referenced_tables if _is_single_table(table)
        ]
    except (GoogleAPIError, GoogleAuthError) as error:
        raise InputError(
            f"BigQuery rejects the query or cannot be reached: {error}; check the SQL, --project "
            "in beam.args, and the credentials (gcloud auth application-default login)"
        ) from error
    if not job.schema:
        raise InputError("the query returns no columns; write one SELECT, not a script")
    return QueryMetadata(
        columns=tuple(_paths(job.schema)),
        tables=tuple(sorted((_name(table), table.modified.isoformat()) for table in tables)),
        volatile_reason=_volatile_reason(query, job.referenced_tables, tables),
    )


def _paths(fields: Sequence[Any], prefix: str = "") -> Iterator[str]:
    for field in fields:
        yield prefix + field.name
        if field.mode != "REPEATED":
            yield from _paths(field.fields, f"{prefix}{field.name}.")


def _volatile_reason(query: str, references: Sequence[Any], tables: Sequence[Any]) -> str:
    volatile = _VOLATILE.search(query)
    if volatile:
        return f"it uses {volatile[0]}"
    for reference in references:
        if not _is_single_table(reference):
            return f"it reads the wildcard table {_name(reference)}"
    if len(references) >= _MAX_LISTED_TABLES:
        return f"it reads {_MAX_LISTED_TABLES} tables or more, and BigQuery does not list them all"
    for table in tables:
        if table.streaming_buffer is not None:
            return f"rows are being streamed into {_name(table)}"
        if table.table_type not in _TRACKED_TYPES:
            return f"{_name(table)} is a table of type {table.table_type}"
    return ""


def _is_single_table(reference: Any) -> bool:
    return "*" not in reference.table_id


def _name(table: Any) -> str:
    return f"{table.project}.{table.dataset_id}.{table.table_id}"
