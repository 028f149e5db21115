"""Finds input files: local paths, gs:// and the other filesystems of Beam."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from apache_beam.io.filesystem import BeamIOError, FileMetadata

from components.readers.filesystems import check_filesystem, list_files
from components.readers.patterns import PathPattern, parse_pattern
from components.readers.ranges import check_complete, check_range, interval_of
from schemas.errors import InputError
from schemas.source_settings import RangeSettings

Paths = str | tuple[str, ...]

_REJECTED_SUFFIXES = (".xz", ".lzma", ".zip", ".7z", ".tar", ".tgz", ".deflate", ".lz4", ".snappy")


class _FoundFile(NamedTuple):
    """A file, and the day or span in its path (`PathPattern.ordinal`), None without one."""

    file: FileMetadata
    ordinal: int | None


def find_files(path: Paths, limits: RangeSettings | None = None) -> list[FileMetadata]:
    """Returns the non-empty files of a path, a glob, a directory, or a list of them.

    The files of a directory are those directly in it whose names begin with neither "_" nor ".".
    The files are sorted by path, without duplicates.

    Args:
      path: May contain {YYYY}, {MM} and {DD}, or {SPAN}; see `patterns`.
      limits: The days or spans to read; None for all. If several paths have placeholders, each
        must have every day or span, and `last` counts back from the newest one of all paths.

    Raises:
      InputError: No file matches one of the paths, a day or a span has no file, a file has the
        suffix of an unsupported compression, or all files are empty.
    """
    texts = (path,) if isinstance(path, str) else path
    matches = {pattern: _match(pattern) for pattern in map(parse_pattern, texts)}
    if limits is not None:
        matches = _limit(limits, matches)
    by_name = {match.file.path: match.file for found in matches.values() for match in found}
    for name in by_name:
        if name.lower().endswith(_REJECTED_SUFFIXES):
            raise InputError(
                f"{name}: this compression is not supported; use .gz, .bz2, .zst or none"
            )
    files = [by_name[name] for name in sorted(by_name) if by_name[name].size_in_bytes]
    if not files:
        raise InputError(f"{', '.join(texts)}: every matching file is empty; check the export")
    return files


def _limit(
    limits: RangeSettings, matches: dict[PathPattern, list[_FoundFile]]
) -> dict[PathPattern, list[_FoundFile]]:
    """Returns the files of the days or spans in `limits`, and all files of plain paths."""
    unit = check_range(tuple(matches), limits)
    ordinals = {
        pattern: {match.ordinal for match in found if match.ordinal is not None}
        for pattern, found in matches.items()
        if pattern.unit is not None
    }
    interval = interval_of(limits, unit, set().union(*ordinals.values()))
    if not limits.allow_missing:
        for pattern, present in ordinals.items():
            check_complete(pattern.text, interval, present)
    return {
        pattern: [match for match in found if match.ordinal is None or match.ordinal in interval]
        for pattern, found in matches.items()
    }


def _match(pattern: PathPattern) -> list[_FoundFile]:
    check_filesystem(pattern.text)
    try:
        if pattern.text.endswith("/"):
            found = _in_folders(pattern)
        else:
            listed = [(file, file.path) for file in list_files(pattern.glob)]
            found = _parse_ordinals(pattern, listed)
            if not pattern.is_glob and not any(match.file.size_in_bytes for match in found):
                found = _in_folders(pattern) or found
        hint = "" if found else _hint(pattern)
    except (BeamIOError, ValueError) as error:
        raise InputError(
            f"{pattern.text} cannot be listed: {error}; check the path, your credentials, and the "
            "options of the filesystem in beam.args"
        ) from error
    if not found:
        raise InputError(
            f"no file matches {pattern.text}; {hint}check the path, or set an absolute one "
            f"(relative paths start from {os.getcwd()})"
        )
    return found


def _hint(pattern: PathPattern) -> str:
    """Returns the likely reason that a path matches no file; "" where there is none."""
    text = pattern.text
    if "[" in text:
        literal = text.replace("[", "[[]")
        exists = pattern.unit is None and list_files(literal)
        remedy = f", and a file of exactly this name exists: write {literal}" if exists else ""
        return f"its brackets are wildcards, [ab] matches a or b{remedy}; "
    folder = text.removesuffix("/*").rstrip("/")
    if not folder or "**" in folder or pattern.unit is not None:
        return ""
    if any(_is_data(file.path) for file in list_files(f"{folder}/**")):
        return f"its files are in subfolders: write {folder}/**; "
    return ""


def _is_data(path: str) -> bool:
    return not path.rsplit("/", 1)[-1].startswith(("_", "."))


def _in_folders(pattern: PathPattern) -> list[_FoundFile]:
    """Returns the data files in the folder of a path, or in its folders of days or spans."""
    folders = parse_pattern(pattern.text.rstrip("/"))
    inside = []
    for file in list_files(f"{folders.glob}/*"):
        folder, _ = file.path.rsplit("/", 1)
        if _is_data(file.path):
            inside.append((file, folder))
    return _parse_ordinals(folders, inside)


def _parse_ordinals(
    pattern: PathPattern, files: Iterable[tuple[FileMetadata, str]]
) -> list[_FoundFile]:
    """Returns the files whose day or span can be parsed, all files where the pattern has none.

    Args:
      pattern: The pattern.
      files: Files, each with the path to parse: its own or that of its folder.
    """
    found = [_FoundFile(file, pattern.ordinal(path)) for file, path in files]
    return [match for match in found if pattern.unit is None or match.ordinal is not None]
