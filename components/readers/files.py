"""Finds input files through Beam's file layer: local paths, gs:// and what Beam knows."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from apache_beam.io.filesystem import BeamIOError, FileMetadata

from components.readers.filesystems import check_filesystem, list_files
from components.readers.patterns import PathPattern, parse_pattern
from components.readers.ranges import (
    check_complete,
    check_range,
    interval_of,
)
from schemas.errors import InputError
from schemas.source_settings import RangeSettings

Paths = str | tuple[str, ...]

_REJECTED_SUFFIXES = (".xz", ".lzma", ".zip", ".7z", ".tar", ".tgz", ".deflate", ".lz4", ".snappy")


class _Found(NamedTuple):
    """A file, and the day or the span it was found under; None under a path without them."""

    file: FileMetadata
    place: int | None


def find_files(path: Paths, limits: RangeSettings | None = None) -> list[FileMetadata]:
    """The non-empty files that a path, a glob, a directory, or a list of them stands for.

    Of a directory: the files directly in it whose name begins with neither "_" nor ".". The order
    is that of the names, and each file comes once.

    Args:
      path: May hold {YYYY}, {MM} and {DD}, or {SPAN}; see `patterns`.
      limits: Which of its days or spans are meant; all without it. Of several paths with
        placeholders, each must have every day or span; the newest is that of all.

    Raises:
      InputError: Nothing matches one of the paths, a day or a span has no file, a file has a
        suffix of an unsupported compression, or all files are empty.
    """
    texts = (path,) if isinstance(path, str) else path
    found = {pattern: _match(pattern) for pattern in map(parse_pattern, texts)}
    if limits is not None:
        found = _within(limits, found)
    by_name = {entry.file.path: entry.file for entries in found.values() for entry in entries}
    for name in by_name:
        if name.lower().endswith(_REJECTED_SUFFIXES):
            raise InputError(
                f"{name}: this compression is not supported; use .gz, .bz2, .zst or none"
            )
    files = [by_name[name] for name in sorted(by_name) if by_name[name].size_in_bytes]
    if not files:
        raise InputError(f"{', '.join(texts)}: every matching file is empty; check the export")
    return files


def _within(
    limits: RangeSettings, found: dict[PathPattern, list[_Found]]
) -> dict[PathPattern, list[_Found]]:
    """The files of the days or spans that `limits` means, and all those of plain paths."""
    unit = check_range(tuple(found), limits)
    places = {
        pattern: {entry.place for entry in entries if entry.place is not None}
        for pattern, entries in found.items()
        if pattern.unit is not None
    }
    interval = interval_of(limits, unit, set().union(*places.values()))
    if not limits.allow_missing:
        for pattern, present in places.items():
            check_complete(pattern.text, interval, present)
    return {
        pattern: [entry for entry in entries if entry.place is None or entry.place in interval]
        for pattern, entries in found.items()
    }


def _match(pattern: PathPattern) -> list[_Found]:
    check_filesystem(pattern.text)
    try:
        if pattern.text.endswith("/"):
            found = _in_folders(pattern)
        else:
            found = _placed(pattern, [(file, file.path) for file in list_files(pattern.glob)])
            if not pattern.is_glob and not any(entry.file.size_in_bytes for entry in found):
                found = _in_folders(pattern) or found
        hint = "" if found else _hint(pattern)
    except (BeamIOError, ValueError) as error:
        raise InputError(
            f"{pattern.text} cannot be listed: {error}; check the path, your credentials, and the "
            "options of the filesystem in beam.args"
        ) from error
    if not found:
        raise InputError(
            f"no file matches {pattern.text}; {hint}check the path, or give an absolute one "
            f"(relative paths start from {os.getcwd()})"
        )
    return found


def _hint(pattern: PathPattern) -> str:
    """Why a path that looks right may match nothing."""
    text = pattern.text
    if "[" in text:
        literal = text.replace("[", "[[]")
        exists = pattern.unit is None and list_files(literal)
        found = f", and a file of that very name exists: write {literal}" if exists else ""
        return f"brackets in it are wildcards, [ab] matches a or b{found}; "
    folder = text.removesuffix("/*").rstrip("/")
    if not folder or "**" in folder or pattern.unit is not None:
        return ""
    if any(_is_data(file.path) for file in list_files(f"{folder}/**")):
        return f"it has files in subfolders, for which write {folder}/**; "
    return ""


def _is_data(path: str) -> bool:
    return not path.rsplit("/", 1)[-1].startswith(("_", "."))


def _in_folders(pattern: PathPattern) -> list[_Found]:
    """The data files in the folder, or in the folders of days or spans, that a path names."""
    folders = parse_pattern(pattern.text.rstrip("/"))
    inside = []
    for file in list_files(f"{folders.glob}/*"):
        folder, _ = file.path.rsplit("/", 1)
        if _is_data(file.path):
            inside.append((file, folder))
    return _placed(folders, inside)


def _placed(pattern: PathPattern, files: Iterable[tuple[FileMetadata, str]]) -> list[_Found]:
    """Files with their places, read from the path beside each; without those that have none."""
    found = [_Found(file, pattern.place(path)) for file, path in files]
    return [entry for entry in found if pattern.unit is None or entry.place is not None]
