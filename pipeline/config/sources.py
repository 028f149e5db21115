"""Where the records of the log, the catalogue and the users come from: files, or a query."""

from collections.abc import Iterator

from components.readers.patterns import parse_pattern
from components.readers.ranges import check_range
from schemas.errors import InputError
from schemas.settings import Settings
from schemas.source_settings import CsvSettings, SourceSettings

_BIGQUERY = "bigquery"


def source_problems(settings: Settings) -> Iterator[str]:
    """What of every source makes no sense, with its cure."""
    sources = {
        "interactions": settings.interactions,
        "items": settings.items,
        "users": settings.users,
    }
    for section, source in sources.items():
        if source is not None:
            yield from _place(section, source)
            yield from _layout(section, source)
            yield from _patterns(section, source)


def _place(section: str, source: SourceSettings) -> Iterator[str]:
    is_query = source.format == _BIGQUERY
    if is_query and source.query is None:
        yield f"{section}.query: format {_BIGQUERY} needs one, in standard SQL"
    if not is_query and source.query is not None:
        yield f"{section}.query: belongs to format {_BIGQUERY}, and the format is {source.format}"
    if not is_query and source.path is None:
        yield f"{section}.path: this key is required"
    if is_query and source.path is not None:
        yield f"{section}.path: means nothing to format {_BIGQUERY}, which has query; leave it out"
    if is_query and source.range is not None:
        yield f"{section}.range: limits path; with {section}.query limit the days in its SQL"
    if source.path is not None and (not source.paths or "" in source.paths):
        yield f"{section}.path: names no file"


def _layout(section: str, source: SourceSettings) -> Iterator[str]:
    if source.format != "csv" and source.csv != CsvSettings():
        yield (
            f"{section}.csv: belongs to format csv, and the format is {source.format}; leave it "
            f"out, or set {section}.format: csv"
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
