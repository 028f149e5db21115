"""Checks, before anything runs, that every configured column is in the file."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches

from components.readers.files import find_files
from components.readers.open_input import DamagedFileError
from components.readers.read import find_columns
from schemas.data_settings import InteractionsSettings, ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.source_settings import FeatureSettings, SourceSettings

_FILES_CHECKED_AT_ONCE = 16
_MAX_COLUMNS_SHOWN = 40
_MAX_CHARACTERS_SHOWN = 1000


def check_source(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings
) -> tuple[str, ...]:
    """Finds the files of one source, and its columns in each that has a header or a schema, in the
    first one of formats that have none.

    A query has no files; `check_query_columns` checks its columns.

    Args:
      key: The section of the configuration: `interactions`, `items` or `users`.
      source: Its settings.

    Returns:
      The sorted paths of its files.

    Raises:
      InputError: No file, an unreadable one, or a column that is not there.
    """
    if source.query is not None:
        return ()
    try:
        files = tuple(file.path for file in find_files(source.paths, source.range))
    except InputError as error:
        raise InputError(f"{key}.path: {error}") from error
    _check_files(files if _has_header(source) else files[:1], source, _wanted(key, source))
    return files


def _has_header(source: SourceSettings) -> bool:
    """Whether each file says which columns it has."""
    if source.format == "csv":
        return source.csv.header is None
    return source.format in ("parquet", "avro")


def _check_files(files: tuple[str, ...], source: SourceSettings, wanted: dict[str, str]) -> None:
    def check(path: str) -> None:
        try:
            check_columns(path, source, wanted)
        except DamagedFileError:
            if source.damaged_files == "fail":
                raise

    with ThreadPoolExecutor(_FILES_CHECKED_AT_ONCE) as pool:
        for _ in pool.map(check, files):
            pass


def check_columns(path: str, source: SourceSettings, wanted: dict[str, str]) -> None:
    """Checks one file.

    Args:
      path: The file.
      source: Its format and layout.
      wanted: Config keys by column.

    Raises:
      InputError: Names the file, the column, those found, the nearest, and the config key.
    """
    found, lacking, num_searched = find_columns(path, source, tuple(wanted))
    for name in wanted:
        if found.count(name) > 1:
            raise InputError(
                f"{wanted[name]}: {path} has {found.count(name)} columns named {name!r}, and which "
                "is meant cannot be told: rename them in the file's header, or give csv.header"
            )
    _reject_lacking(path, found, lacking, wanted, num_searched)


def check_query_columns(
    key: str,
    source: InteractionsSettings | ItemsSettings | UsersSettings,
    columns: Sequence[str],
) -> None:
    """Checks that a query gives every configured column.

    Args:
      key: The section of the configuration: `interactions`, `items` or `users`.
      source: Its settings.
      columns: Those that the query gives, the fields of STRUCTs as dotted paths.

    Raises:
      InputError: Names the column, those found, the nearest, and the config key.
    """
    wanted = _wanted(key, source)
    known = {column.lower() for column in columns}  # BigQuery's names know no case
    lacking = [column for column in wanted if column.lower() not in known]
    _reject_lacking("the query", list(columns), lacking, wanted)


def _reject_lacking(
    place: str,
    found: list[str],
    lacking: list[str],
    wanted: dict[str, str],
    num_searched: int | None = None,
) -> None:
    for name in lacking:
        near = get_close_matches(name, found, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        shown = _printable(", ".join(found[:_MAX_COLUMNS_SHOWN]))
        where, cure = "", ""
        if num_searched is not None:
            where = f" in the first {num_searched} records, which were looked at"
            cure = "; where a column is rarer, one of them must have it, if only as null"
        raise InputError(
            f"{wanted[name]}: {place} has no column {name!r}{where}; {hint}it has: {shown}{cure}"
        )


def _printable(text: str) -> str:
    """Cut, and escaped where a wrong encoding or line ending made it unfit for a terminal."""
    text = text[:_MAX_CHARACTERS_SHOWN]
    return text if text.isprintable() else ascii(text)


def _wanted(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings
) -> dict[str, str]:
    """Config keys by column."""
    wanted = {
        column: f"{key}.fields.{field}"
        for field, column in vars(source.fields).items()
        if column is not None
    }
    section, features = _features(source)
    for name, feature in features.items():
        wanted.setdefault(feature.column or name, f"{key}.{section}.{name}")
    return wanted


def _features(
    source: InteractionsSettings | ItemsSettings | UsersSettings,
) -> tuple[str, dict[str, FeatureSettings]]:
    if isinstance(source, InteractionsSettings):
        return "context", source.context
    return "features", source.features
