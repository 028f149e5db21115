"""Checks of the configured columns against the files, before the pipeline runs."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches

from components.readers.explode import list_of
from components.readers.files import find_files
from components.readers.formats.table import format_of
from components.readers.open_input import DamagedFileError
from components.readers.read import find_columns
from schemas.data_settings import ROW_ORDER, InteractionsSettings, ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.source_settings import FeatureSettings, SourceSettings, as_columns

_FILES_CHECKED_AT_ONCE = 16
_MAX_COLUMNS_SHOWN = 40
_MAX_CHARACTERS_SHOWN = 1000
_TIMESTAMP_KEY = "interactions.fields.timestamp"
_WITHOUT_TIME = (
    "; if the log has no time, but the rows of each user are in order, set timestamp: row_order"
)


def check_source(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings
) -> tuple[str, ...]:
    """Finds the files of one source and checks that they have its columns.

    Where every file has a header or a schema, every file is checked, otherwise only the first
    one. A query has no files; `check_query_columns` checks its columns.

    Args:
      key: The section of the configuration: `interactions`, `items` or `users`.
      source: The settings of the source.

    Returns:
      The sorted paths of the files.

    Raises:
      InputError: No file is found, a file is unreadable, or a column is missing.
    """
    if source.query is not None:
        return ()
    try:
        files = tuple(file.path for file in find_files(source.paths, source.range))
    except InputError as error:
        raise InputError(f"{key}.path: {error}") from error
    _check_explode(key, source)
    checked = files if format_of(source).has_header(source) else files[:1]
    _check_files(checked, source, _wanted(key, source))
    return files


def _check_explode(key: str, source: InteractionsSettings | ItemsSettings | UsersSettings) -> None:
    columns = _wanted(key, source)
    for name in source.exploded:
        if not any(list_of(column, source.exploded) == name for column in columns):
            raise InputError(
                f"{key}.explode: no field is read from the elements of {name}; name their fields "
                f"{name}.FIELD in {key}.fields, or {name} itself if the elements are plain values"
            )


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
    """Checks that one file has the wanted columns.

    Args:
      path: The file.
      source: The format and the layout of the file.
      wanted: The configuration key of each wanted column.

    Raises:
      InputError: A column is missing or ambiguous. The message names the configuration key, the
        file, the column, the columns of the file and the most similar one.
    """
    names, missing, num_searched, explanation = find_columns(path, source, tuple(wanted))
    if isinstance(source, InteractionsSettings) and source.has_row_order and ROW_ORDER in names:
        raise InputError(
            f"{_TIMESTAMP_KEY}: {path} has a column {ROW_ORDER!r}, which is also the word for the "
            f"order of the rows: write [{ROW_ORDER}] to read the column, or rename it"
        )
    for name in wanted:
        if names.count(name) > 1:
            raise InputError(
                f"{wanted[name]}: {path} has {names.count(name)} columns named {name!r}, expected "
                "one: rename them in the header of the file, or set csv.header"
            )
    _reject_missing(path, names, missing, wanted, num_searched, explanation)


def check_query_columns(
    key: str,
    source: InteractionsSettings | ItemsSettings | UsersSettings,
    columns: Sequence[str],
) -> None:
    """Checks that a query returns every configured column.

    Args:
      key: The section of the configuration: `interactions`, `items` or `users`.
      source: The settings of the source.
      columns: The columns of the query's result, and dotted paths to the fields of STRUCTs.

    Raises:
      InputError: A column is missing. The message names the configuration key, the column, the
        columns of the query and the most similar one.
    """
    wanted = _wanted(key, source)
    known = {column.lower() for column in columns}  # BigQuery's column names are case-insensitive
    missing = [column for column in wanted if column.lower() not in known]
    _reject_missing("the query", list(columns), missing, wanted)


def _reject_missing(
    place: str,
    names: list[str],
    missing: list[str],
    wanted: dict[str, str],
    num_searched: int | None = None,
    explanation: str = "",
) -> None:
    for name in missing:
        without_time = _WITHOUT_TIME if wanted[name] == _TIMESTAMP_KEY else ""
        similar = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {similar[0]!r}? " if similar else ""
        shown = _printable(", ".join(names[:_MAX_COLUMNS_SHOWN]))
        searched, remedy = "", ""
        if explanation:
            hint = f"{explanation}; "
        elif num_searched is not None:
            searched = f" in the first {num_searched} records, the ones that were searched"
            remedy = "; if the column is rarer, add it to one of these records, for example as null"
        raise InputError(
            f"{wanted[name]}: {place} has no column {name!r}{searched}; {hint}it has: "
            f"{shown}{remedy}{without_time}"
        )


def _printable(text: str) -> str:
    """Cuts a text, and escapes it where a wrong encoding or line end makes it unprintable."""
    text = text[:_MAX_CHARACTERS_SHOWN]
    return text if text.isprintable() else ascii(text)


def _wanted(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings
) -> dict[str, str]:
    """The configuration key of each configured column."""
    wanted = {
        column: f"{key}.fields.{field}"
        for field, columns in vars(source.fields).items()
        if not (field == "timestamp" and columns == ROW_ORDER)
        for column in as_columns(columns)
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
