"""Consistency checks of the sources (log, items, users): files or a query, and their layout."""

from collections.abc import Iterator

from components.readers.patterns import parse_pattern
from components.readers.ranges import check_range
from schemas.errors import InputError
from schemas.settings import Settings
from schemas.source_settings import CsvSettings, SourceSettings

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
