"""What an adapter of a public log is, and how it looks into files."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from schemas.errors import InputError

Config = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A log that the pipeline can read.

    Attributes:
      config: The values of its configuration, without `name` and `output`.
      facts: What was recognised and written, as one line for a person.
    """

    config: Config
    facts: str


@dataclass(frozen=True)
class Adapter:
    """One format of public logs.

    Attributes:
      name: What `--format` calls it.
      looks_like: What is looked for, for a message.
      matches: Whether a file or folder looks like it.
      prepare: From the log, a folder for files that have to be written, and the file of item
        attributes, if one was given, to what the pipeline reads.
      is_sequence: The log has an order but no times, and may come with item attributes.
    """

    name: str
    looks_like: str
    matches: Callable[[Path], bool]
    prepare: Callable[[Path, Path, Path | None], Prepared]
    is_sequence: bool = False


def open_text(path: Path) -> TextIO:
    """A text file, UTF-8 with or without a byte order mark, gzipped if its name ends in .gz."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def first_lines(path: Path, count: int) -> list[str]:
    """At most `count` lines without their ends; none of a folder or of what is no UTF-8 text."""
    if not path.is_file():
        return []
    try:
        with open_text(path) as file:
            return [line.rstrip("\r\n") for line in islice(file, count)]
    except (UnicodeDecodeError, gzip.BadGzipFile):
        return []


def encoding_of(path: Path) -> str:
    """utf-8 where the file is that, else latin-1: MovieLens changed over between its releases."""
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def require(folder: Path, *names: str) -> None:
    """Checks that a folder has files of these names.

    Raises:
      InputError: One is missing.
    """
    for name in names:
        if not (folder / name).is_file():
            raise InputError(f"{folder}: has no {name}; expected a folder with {', '.join(names)}")
