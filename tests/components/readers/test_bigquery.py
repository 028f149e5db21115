"""BigQuery without the service: the SQL, rows in a real pipeline, and metadata of a dry run."""

from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import SchemaField, TableReference

from components.readers.bigquery import ReadQuery, select_columns
from components.readers.bigquery_metadata import QueryClient, describe_query
from components.readers.records import ReadBatch
from schemas.errors import InputError

QUERY = "SELECT * FROM shop.log"
ARGS = ("--project=shop", "--temp_location=gs://bucket/temp")


def test_sql_selects_quoted_columns_and_struct_fields() -> None:
    sql = select_columns("SELECT * FROM shop.log -- all of it\n;\n", ("user id", "event.item.id"))
    assert sql == (
        "SELECT\n"
        "  source.`user id` AS column_0,\n"
        "  source.`event`.`item`.`id` AS column_1\n"
        "FROM (\n"
        "SELECT * FROM shop.log -- all of it\n"
        ") AS source"
    )


def test_backticks_in_names_are_escaped() -> None:
    assert "source.`a\\` FROM x; --` AS column_0" in select_columns(QUERY, ("a` FROM x; --",))


ROWS = [
    {"column_0": "u1", "column_1": datetime(2024, 5, 1, tzinfo=timezone.utc), "column_2": None},
    {"column_0": 7, "column_1": "2024-05-01 12:30:00.123456 UTC", "column_2": Decimal("1.5")},
    {"column_0": b"u3", "column_1": "2024-05-01 12:30:00 UTC", "column_2": [1, 2]},
    {"column_0": "as of 2024-05-01 12:30:00 UTC", "column_1": date(2024, 5, 1), "column_2": {}},
]


def _check(batches: list[ReadBatch]) -> None:
    rows = [row for batch in batches for row in zip(*batch.rows.columns, strict=True)]
    noon = datetime(2024, 5, 1, 12, 30, tzinfo=timezone.utc)
    expected: list[tuple[Any, ...]] = [
        ("u1", datetime(2024, 5, 1, tzinfo=timezone.utc), None),
        (7, noon.replace(microsecond=123456), Decimal("1.5")),
        (b"u3", noon, [1, 2]),
        ("as of 2024-05-01 12:30:00 UTC", date(2024, 5, 1), {}),
    ]
    assert sorted(rows, key=repr) == sorted(expected, key=repr)
    for batch in batches:
        assert batch.rejects == []
        assert batch.rows.lines.tolist() == [0] * len(batch.rows)
        assert batch.rows.texts is None
    assert len(batches) < len(rows)


def test_rows_become_batches_of_columns() -> None:
    with beam.Pipeline() as pipeline:
        batches = pipeline | ReadQuery(QUERY, ("user", "time", "value"), beam.Create(ROWS))
        assert_that(batches, _check)


def test_pipeline_from_bigquery_is_constructed() -> None:
    pipeline = beam.Pipeline(options=PipelineOptions(list(ARGS)))
    _ = pipeline | "ReadLog" >> ReadQuery(QUERY, ("user",))
    names = [transform.full_label for transform in pipeline.transforms_stack[0].parts]
    assert names == ["ReadLog"]


@pytest.mark.parametrize(
    ("args", "part"),
    [
        ((), "--project=PROJECT"),
        (ARGS[:1], "--temp_location=gs://BUCKET/FOLDER"),
        ((ARGS[0], "--temp_location=/tmp"), "--temp_location=gs://BUCKET/FOLDER"),
    ],
)
def test_missing_options_are_named(args: tuple[str, ...], part: str) -> None:
    with pytest.raises(InputError) as caught:
        _ = beam.Pipeline(options=PipelineOptions(list(args))) | ReadQuery(QUERY, ("user",))
    assert part in str(caught.value)
    with pytest.raises(InputError) as caught:
        describe_query(QUERY, args, FakeClient())
    assert part in str(caught.value)


@dataclass
class FakeTable:
    project: str = "shop"
    dataset_id: str = "events"
    table_id: str = "log"
    modified: datetime = datetime(2024, 5, 1, tzinfo=timezone.utc)
    table_type: str = "TABLE"
    streaming_buffer: Any = None


@dataclass
class FakeClient(QueryClient):
    """A client with some tables; every query reads all of them."""

    tables: dict[str, FakeTable] = field(default_factory=lambda: {"log": FakeTable()})
    error: Exception | None = None

    def query(self, query: str, job_config: Any = None) -> Any:
        if self.error is not None:
            raise self.error
        assert job_config.dry_run
        assert not job_config.use_query_cache
        schema = [
            SchemaField("user", "STRING"),
            SchemaField("event", "RECORD", fields=(SchemaField("item", "STRING"),)),
            SchemaField("tags", "RECORD", "REPEATED", fields=(SchemaField("tag", "STRING"),)),
        ]
        names = [TableReference.from_string(f"shop.events.{name}") for name in self.tables]
        return type("Job", (), {"schema": schema, "referenced_tables": names})()

    def get_table(self, table: Any) -> Any:
        return self.tables[table.table_id]


def test_dry_run_returns_columns_and_tables() -> None:
    tables = {"log": FakeTable(), "a": FakeTable(table_id="a", table_type="VIEW")}
    metadata = describe_query(QUERY, ARGS, FakeClient(tables))
    assert metadata.columns == ("user", "event", "event.item", "tags")
    assert metadata.tables == (
        ("shop.events.a", "2024-05-01T00:00:00+00:00"),
        ("shop.events.log", "2024-05-01T00:00:00+00:00"),
    )
    assert metadata.volatile_reason == ""


@pytest.mark.parametrize(
    ("query", "tables", "reason"),
    [
        ("SELECT * FROM log WHERE day > current_date()", {}, "it uses current_date"),
        ("SELECT RAND() FROM log", {}, "it uses RAND"),
        (QUERY, {"log_*": FakeTable()}, "the wildcard table shop.events.log_*"),
        (QUERY, {"log": FakeTable(streaming_buffer=object())}, "streamed into shop.events.log"),
        (QUERY, {"log": FakeTable(table_type="EXTERNAL")}, "a table of type EXTERNAL"),
        (QUERY, {f"log{n}": FakeTable(table_id=f"log{n}") for n in range(50)}, "50 tables or more"),
    ],
)
def test_volatile_query_has_a_reason(query: str, tables: dict[str, FakeTable], reason: str) -> None:
    assert reason in describe_query(query, ARGS, FakeClient(tables)).volatile_reason


@pytest.mark.parametrize("error", [BadRequest("Syntax error"), NotFound("no table")])
def test_message_of_the_service_is_included(error: Exception) -> None:
    with pytest.raises(InputError, match=f"{error.message}.*check the SQL"):  # type: ignore[attr-defined]
        describe_query(QUERY, ARGS, FakeClient(error=error))
