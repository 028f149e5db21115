"""What BigQuery says of a query without running it: its columns, and how fresh its tables are."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from components.readers.extras import check_installed
from schemas.errors import InputError

# Functions whose result changes while the tables do not, and tables outside of BigQuery.
_VOLATILE = re.compile(
    r"\b(CURRENT_(?:DATE|TIME|DATETIME|TIMESTAMP)|RAND|GENERATE_UUID|SESSION_USER|EXTERNAL_QUERY"
    r"|INFORMATION_SCHEMA)\b",
    re.IGNORECASE,
)
# "Queries that reference more than 50 tables will not have a complete list":
# https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2
_MAX_LISTED_TABLES = 50
_SETTLED_TYPES = ("TABLE", "VIEW", "MATERIALIZED_VIEW", "SNAPSHOT", "CLONE")


class QueryClient(Protocol):
    """What is used of `google.cloud.bigquery.Client`."""

    def query(self, query: str, job_config: Any = None) -> Any: ...
    def get_table(self, table: Any) -> Any: ...


@dataclass(frozen=True)
class QueryFacts:
    """What is known of a query before it runs.

    Attributes:
      columns: Its columns, and as dotted paths the fields of those that are STRUCTs.
      tables: [(table, when it was modified)], sorted.
      unsettled: Why its result may change though no table is modified; "" where it cannot.
    """

    columns: tuple[str, ...]
    tables: tuple[tuple[str, str], ...]
    unsettled: str


def check_options(options: PipelineOptions) -> None:
    """Checks that a pipeline can read from BigQuery.

    Raises:
      InputError: Names the package or the option that is missing.
    """
    check_installed("format bigquery", "google.cloud.bigquery", "gcp")
    cloud = options.view_as(GoogleCloudOptions)
    if not cloud.project:
        raise InputError("beam.args: format bigquery needs --project=PROJECT, which pays the query")
    if not (cloud.temp_location or "").startswith("gs://"):
        raise InputError(
            "beam.args: format bigquery needs --temp_location=gs://BUCKET/FOLDER, through which "
            "the result is exported"
        )


def describe_query(
    query: str, beam_args: Sequence[str], client: QueryClient | None = None
) -> QueryFacts:
    """Asks BigQuery for what it knows of a query, by a dry run, which costs nothing.

    Args:
      query: Standard SQL.
      beam_args: Beam's options, among them the project.
      client: In place of one for the project and the credentials of the environment.

    Raises:
      InputError: The query is wrong, or BigQuery cannot be reached.
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
        tables = [client.get_table(table) for table in job.referenced_tables if _is_one(table)]
    except (GoogleAPIError, GoogleAuthError) as error:
        raise InputError(
            f"BigQuery does not accept the query, or cannot be reached: {error}; check the SQL, "
            "--project in beam.args, and the credentials (gcloud auth application-default login)"
        ) from error
    if not job.schema:
        raise InputError("the query gives no columns; write one SELECT, not a script")
    return QueryFacts(
        columns=tuple(_paths(job.schema)),
        tables=tuple(sorted((_name(table), table.modified.isoformat()) for table in tables)),
        unsettled=_unsettled(query, job.referenced_tables, tables),
    )


def _paths(fields: Sequence[Any], prefix: str = "") -> Iterator[str]:
    for field in fields:
        yield prefix + field.name
        if field.mode != "REPEATED":
            yield from _paths(field.fields, f"{prefix}{field.name}.")


def _unsettled(query: str, references: Sequence[Any], tables: Sequence[Any]) -> str:
    volatile = _VOLATILE.search(query)
    if volatile:
        return f"it uses {volatile[0]}"
    for reference in references:
        if not _is_one(reference):
            return f"it reads the wildcard table {_name(reference)}"
    if len(references) >= _MAX_LISTED_TABLES:
        return f"it reads {_MAX_LISTED_TABLES} tables or more, of which BigQuery lists some"
    for table in tables:
        if table.streaming_buffer is not None:
            return f"rows are being streamed into {_name(table)}"
        if table.table_type not in _SETTLED_TYPES:
            return f"{_name(table)} is a table of type {table.table_type}"
    return ""


def _is_one(reference: Any) -> bool:
    return "*" not in reference.table_id


def _name(table: Any) -> str:
    return f"{table.project}.{table.dataset_id}.{table.table_id}"
