"""Finds and opens input files through Beam's file layer: local paths, gs:// and what Beam knows."""

import bz2
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import zstandard
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from schemas.errors import InputError

Paths = str | tuple[str, ...]

_REFUSED_SUFFIXES = (".xz", ".lzma", ".zip", ".7z", ".tar", ".tgz", ".deflate", ".lz4", ".snappy")
_DAMAGE = (EOFError, OSError, zlib.error, zstandard.ZstdError)


def find_files(path: Paths) -> list[FileMetadata]:
    """The non-empty files that a path, a glob, a directory, or a list of them stands for.

    Of a directory: the files directly in it whose name begins with neither "_" nor ".". The order
    is that of the names, and each file comes once.

    Raises:
      InputError: Nothing matches one of the paths, a file has a suffix of an unsupported
        compression, or all files are empty.
    """
    patterns = (path,) if isinstance(path, str) else path
    found: dict[str, FileMetadata] = {}
    for pattern in patterns:
        for metadata in _match(pattern):
            if metadata.path.lower().endswith(_REFUSED_SUFFIXES):
                raise InputError(
                    f"{metadata.path}: this compression is not supported; "
                    "use .gz, .bz2, .zst or none"
                )
            found[metadata.path] = metadata
    files = [found[name] for name in sorted(found) if found[name].size_in_bytes]
    if not files:
        raise InputError(f"{', '.join(patterns)}: every matching file is empty; check the export")
    return files


def _match(pattern: str) -> list[FileMetadata]:
    is_glob = any(character in pattern for character in "*?[")
    try:
        if not is_glob:
            inside = FileSystems.match([pattern.rstrip("/") + "/*"])[0].metadata_list
            folder = pattern.rstrip("/")
            files = [file for file in inside if _is_data_file(file.path, folder)]
            if files:
                return files
        files = FileSystems.match([pattern])[0].metadata_list
    except (BeamIOError, ValueError) as error:
        raise InputError(f"{pattern} cannot be listed: {error}") from error
    files = [file for file in files if not os.path.isdir(file.path)]
    if not files:
        raise InputError(
            f"no file matches {pattern}; check the path, or give an absolute one "
            f"(relative paths start from {os.getcwd()})"
        )
    return files


def _is_data_file(path: str, folder: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return path.rsplit("/", 1)[0] == folder and not name.startswith(("_", "."))


@contextmanager
def open_input(path: str) -> Iterator[IO[bytes]]:
    """Opens `path` for reading, decompressed by its suffix (.gz, .bz2, .zst).

    Raises:
      InputError: The file cannot be opened, or is damaged where it is read.
    """
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
            with _decompressed(raw, path.lower()) as file:
                yield file
    except _DAMAGE as error:
        raise InputError(
            f"{path} cannot be read to its end ({type(error).__name__}: {error}); check its "
            "permissions, copy it again if it is damaged, or take it out of the configured path"
        ) from error


def _decompressed(raw: Any, path: str) -> IO[bytes]:
    if path.endswith(".gz"):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw, mode="rb"))  # type: ignore[arg-type]
    if path.endswith(".bz2"):
        return io.BufferedReader(bz2.BZ2File(raw, mode="rb"))  # type: ignore[arg-type]
    if path.endswith((".zst", ".zstd")):
        decompressor = zstandard.ZstdDecompressor(max_window_size=2**31)
        return io.BufferedReader(decompressor.stream_reader(raw, read_across_frames=True))
    return raw
