"""Checks, before anything runs, that every configured column is in the file."""

from difflib import get_close_matches

from components.example_gen.files import find_files
from components.example_gen.readers import find_columns
from components.example_gen.records import Source
from schemas.data_settings import InteractionsSettings, ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.source_settings import FeatureSettings

_MAX_COLUMNS_SHOWN = 40
_MAX_CHARACTERS_SHOWN = 1000


def check_source(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings
) -> tuple[str, ...]:
    """Finds the files of one source, and its columns in the first of them.

    Args:
      key: The section of the configuration: `interactions`, `items` or `users`.
      source: Its settings.

    Returns:
      The sorted paths of its files.

    Raises:
      InputError: No file, an unreadable one, or a column that is not there.
    """
    try:
        files = tuple(file.path for file in find_files(source.paths))
    except InputError as error:
        raise InputError(f"{key}.path: {error}") from error
    check_columns(files[0], source, _wanted(key, source))
    return files


def check_columns(path: str, source: Source, wanted: dict[str, str]) -> None:
    """Checks one file.

    Args:
      path: The file.
      source: Its format and layout.
      wanted: Config keys by column.

    Raises:
      InputError: Names the file, the column, those found, the nearest, and the config key.
    """
    found, lacking = find_columns(path, source, tuple(wanted))
    for name in wanted:
        if found.count(name) > 1:
            raise InputError(
                f"{wanted[name]}: {path} has {found.count(name)} columns named {name!r}, and which "
                "is meant cannot be told: rename them in the file's header, or give csv.header"
            )
    for name in lacking:
        near = get_close_matches(name, found, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        shown = _printable(", ".join(found[:_MAX_COLUMNS_SHOWN]))
        raise InputError(f"{wanted[name]}: {path} has no column {name!r}; {hint}it has: {shown}")


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
