"""Completeness of the table of formats, and errors for unknown ones."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from components.readers.formats.table import FORMATS, QUERY_FORMAT, format_of
from components.readers.read import find_columns, read_batches, read_for_text
from schemas.errors import InputError
from schemas.source_settings import SourceFormat, SourceSettings
from tests.components.readers.format_files import WRITERS, events, settings


def test_every_format_of_the_settings_is_a_query_or_in_the_table() -> None:
    assert {*FORMATS, QUERY_FORMAT} == set(get_args(SourceFormat))
    assert QUERY_FORMAT not in FORMATS
    assert set(WRITERS) == set(FORMATS)  # every format has tests


@pytest.mark.parametrize("read", [read_batches, find_columns, read_for_text])
def test_unknown_format_is_an_error_that_names_the_known_ones(
    tmp_path: Path, read: Callable[[str, SourceSettings, tuple[str, ...]], Any]
) -> None:
    (tmp_path / "log").write_bytes(WRITERS["parquet"](events(3)))
    source = replace(settings("parquet"), format="orc")  # type: ignore[arg-type]

    with pytest.raises(
        InputError, match=r"format 'orc' is not known; .* are csv, jsonl, parquet, "
    ):
        list(read(str(tmp_path / "log"), source, ("user",)))


def test_format_missing_from_the_table_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(FORMATS, "avro")

    with pytest.raises(InputError, match="format 'avro' is not known"):
        format_of(settings("avro"))


def test_query_has_no_files() -> None:
    with pytest.raises(InputError, match="format bigquery: a query has no files"):
        format_of(SourceSettings(query="SELECT 1", format="bigquery"))
