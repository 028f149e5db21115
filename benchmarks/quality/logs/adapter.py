"""The interface of an adapter for public logs, and functions that inspect files."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from schemas.errors import InputError

Config = dict[str, Any]


@dataclass(frozen=True)
class PreparedLog:
    """A log as input of the pipeline.

    Attributes:
      config: The configuration of the pipeline, without `name` and `output`.
      facts: One line about the recognised format and the written files.
    """

    config: Config
    facts: str


@dataclass(frozen=True)
class Adapter:
    """A format of public logs.

    Attributes:
      name: The value of `--format`.
      description: The files or columns by which the format is recognised.
      matches: Returns whether a file or folder has this format.
      prepare: Takes the log, a folder for files to write, and the file of item attributes or None;
        returns the prepared log.
      is_sequence: Whether the log has an order but no times; such a log may have item attributes.
    """

    name: str
    description: str
    matches: Callable[[Path], bool]
    prepare: Callable[[Path, Path, Path | None], PreparedLog]
    is_sequence: bool = False


def open_text(path: Path) -> TextIO:
    """Opens a UTF-8 text file, with or without a byte order mark; .gz files are decompressed."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def first_lines(path: Path, count: int) -> list[str]:
    """Returns at most `count` lines without line ends; none if `path` is not a UTF-8 text file."""
    if not path.is_file():
        return []
    try:
        with open_text(path) as file:
            return [line.rstrip("\r\n") for line in islice(file, count)]
    except (UnicodeDecodeError, gzip.BadGzipFile):
        return []


def encoding_of(path: Path) -> str:
    """Returns latin-1 if a file is not valid UTF-8, else utf-8; MovieLens releases use both."""
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def require(folder: Path, *names: str) -> None:
    """Checks that a folder contains files of these names.

    Raises:
      InputError: A file is missing.
    """
    for name in names:
        if not (folder / name).is_file():
            raise InputError(
                f"{folder}: {name} is missing; expected a folder with {', '.join(names)}"
            )
