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
_READ_SIZE = 1 << 17
_MAX_WINDOW = 1 << 31
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
        with (
            FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw,
            _decompressed(raw, path.lower()) as file,
        ):
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
        return io.BufferedReader(_ZstdReader(raw))
    return raw


class _ZstdReader(io.RawIOBase):
    """Frames of Zstandard as one stream; unlike the library's own, it knows a cut-off file."""

    def __init__(self, raw: IO[bytes]):
        self._raw = raw
        self._frame = _zstd_frame()
        self._in_frame = False
        self._pending = b""
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            compressed = self._pending or self._raw.read(_READ_SIZE)
            self._pending = b""
            if not compressed:
                if self._in_frame:
                    raise EOFError("the compressed stream ends in the middle of a frame")
                return 0
            self._in_frame = True
            self._ready = self._frame.decompress(compressed)
            if self._frame.eof:
                self._pending = self._frame.unused_data
                self._frame = _zstd_frame()
                self._in_frame = False
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _zstd_frame() -> Any:
    return zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
