"""Consistency checks of the sources (log, items, users): files or a query, and their layout."""

import itertools
from collections.abc import Iterator

from components.readers.formats.dialect import dialect_problem
from components.readers.patterns import parse_pattern
from components.readers.ranges import check_range
from schemas.errors import InputError
from schemas.settings import Settings
from schemas.source_settings import CsvSettings, JsonlSettings, SourceSettings

_BIGQUERY = "bigquery"


def source_problems(settings: Settings) -> Iterator[str]:
    """Yields the contradictions in the settings of every source, with their remedies."""
    sources = {
        "interactions": settings.interactions,
        "items": settings.items,
        "users": settings.users,
    }
    for section, source in sources.items():
        if source is not None:
            yield from _location(section, source)
            yield from _layout(section, source)
            yield from _explode(section, source)
            yield from _patterns(section, source)


def _location(section: str, source: SourceSettings) -> Iterator[str]:
    is_query = source.format == _BIGQUERY
    if is_query and source.query is None:
        yield f"{section}.query: format {_BIGQUERY} requires a query in standard SQL"
    if not is_query and source.query is not None:
        yield f"{section}.query: applies to format {_BIGQUERY}, but the format is {source.format}"
    if not is_query and source.path is None:
        yield f"{section}.path: this key is required"
    if is_query and source.path is not None:
        yield f"{section}.path: does not apply to format {_BIGQUERY}, which uses query; remove it"
    if is_query and source.explode is not None:
        yield f"{section}.explode: applies to path; with {section}.query, use UNNEST in SQL"
    if is_query and source.range is not None:
        yield f"{section}.range: applies to path; with {section}.query, select the days in SQL"
    if source.path is not None and (not source.paths or "" in source.paths):
        yield f"{section}.path: is empty; give a file, a folder or a pattern"


def _layout(section: str, source: SourceSettings) -> Iterator[str]:
    if source.format != "csv" and source.csv != CsvSettings():
        yield (
            f"{section}.csv: applies to format csv, but the format is {source.format}; remove it, "
            f"or set {section}.format: csv"
        )
    if source.format != "jsonl" and source.jsonl != JsonlSettings():
        yield (
            f"{section}.jsonl: applies to format jsonl, but the format is {source.format}; remove "
            f"it, or set {section}.format: jsonl"
        )
    if source.format == "csv" and (problem := dialect_problem(source.csv)):
        yield f"{section}.{problem}"


def _explode(section: str, source: SourceSettings) -> Iterator[str]:
    names = source.exploded
    if source.explode is not None and (not names or "" in names):
        yield f"{section}.explode: is empty; give a column of lists, or remove the key"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{section}.explode: {name!r} occurs twice; remove one of them"
    for inner, outer in itertools.product(names, names):
        if inner.startswith(f"{outer}."):
            yield (
                f"{section}.explode: {inner} is a list within the elements of {outer}, and only "
                f"lists of the record are read; explode {outer} alone, or flatten the file first"
            )


def _patterns(section: str, source: SourceSettings) -> Iterator[str]:
    try:
        patterns = [parse_pattern(path) for path in source.paths]
    except InputError as error:
        yield f"{section}.path: {error}"
        return
    if source.range is not None and patterns:
        try:
            check_range(patterns, source.range)
        except InputError as error:
            yield f"{section}.{error}"
