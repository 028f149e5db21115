"""Opens input files by Beam's filesystems, decompressed according to their suffix."""

import bz2
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

import zstandard
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from schemas.errors import InputError

_BUFFER_BYTES = 1 << 16
# Compressed bytes decoded at a time. Small, so that little data before a damage is lost and a
# decompression bomb is not decompressed at once.
_COMPRESSED_BYTES = 1 << 12
_MAX_ZSTD_WINDOW = 1 << 31
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_DAMAGE = (EOFError, OSError, zlib.error, zstandard.ZstdError)


class DamagedFileError(InputError):
    """A file cannot be read to its end; the data before the damage has been read.

    Attributes:
      path: The file.
      cause: The cause, for the message.
      line: The 1-based number of the first line or row that cannot be read.
    """

    def __init__(self, path: str, cause: str, line: int = 1):
        super().__init__(
            f"{path} is damaged from line {line} on ({cause}); copy it again, remove it from the "
            "configured path, or set damaged_files: reject to keep the readable part"
        )
        self.path = path
        self.cause = cause
        self.line = line

    def at(self, line: int) -> "DamagedFileError":
        """Returns the same error for another line."""
        return DamagedFileError(self.path, self.cause, line)

    def __reduce__(self) -> tuple[type, tuple[str, str, int]]:
        return DamagedFileError, (self.path, self.cause, self.line)


@contextmanager
def open_input(path: str) -> Iterator[IO[bytes]]:
    """Opens `path` for reading, decompressed according to its suffix (.gz, .bz2, .zst).

    `read1` of the opened file returns all data before a damage.

    Raises:
      InputError: The file cannot be opened or reached.
      DamagedFileError: While reading: the compressed data is invalid or truncated.
    """
    with open_stored(path) as raw:
        yield _decompressed(raw, path)


@contextmanager
def open_stored(path: str) -> Iterator[IO[bytes]]:
    """Opens `path` for reading its bytes as they are stored, without decompression.

    Raises:
      InputError: The file cannot be opened or reached.
    """
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as raw:
            yield raw
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({type(error).__name__}: {error}); check that it exists, its "
            "permissions and the connection"
        ) from error


def is_compressed(path: str) -> bool:
    """Returns whether `open_input` decompresses the file, which then cannot be seeked."""
    return _decompressor(path) is not None


class _Decompressor(Protocol):
    """The interface that zlib, bz2 and zstandard share: one member of a compressed file."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _decompressor(path: str) -> Callable[[], Any] | None:
    path = path.lower()
    if path.endswith(".gz"):
        return lambda: zlib.decompressobj(_GZIP_FORMAT)
    if path.endswith(".bz2"):
        return bz2.BZ2Decompressor
    if path.endswith((".zst", ".zstd")):
        return lambda: zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW).decompressobj()
    return None


def _decompressed(raw: Any, path: str) -> IO[bytes]:
    new_member = _decompressor(path)
    if new_member is None:
        return raw
    return io.BufferedReader(_Decompressed(raw, path, new_member), _BUFFER_BYTES)


class _Decompressed(io.RawIOBase):
    """The members of a compressed file as one stream.

    Unlike the readers of the standard library, it rejects any bytes except zeros after the last
    member, and raises an error at a damage only after all data before it has been read.
    """

    def __init__(self, raw: IO[bytes], path: str, new_member: Callable[[], _Decompressor]):
        self._raw = raw
        self._path = path
        self._new_member = new_member
        self._member: _Decompressor | None = None
        self._has_member = False
        self._compressed = b""
        self._ready = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            compressed = self._next_compressed()
            if not compressed:
                return 0
            self._ready = memoryview(self._decompress(compressed))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        self._position += count
        return count

    def _next_compressed(self) -> bytes:
        """Returns the next few bytes of the file, b"" at its end."""
        if self._has_member and self._member is None:
            self._skip_padding()
        if not self._compressed:
            self._compressed = self._raw.read(_BUFFER_BYTES)
        if not self._compressed and self._member is not None:
            raise DamagedFileError(self._path, "it ends in the middle of the compressed data")
        piece = self._compressed[:_COMPRESSED_BYTES]
        self._compressed = self._compressed[_COMPRESSED_BYTES:]
        return piece

    def _skip_padding(self) -> None:
        """Skips the zero bytes with which block devices and tapes pad compressed files."""
        self._compressed = self._compressed.lstrip(b"\0")
        while not self._compressed:
            read = self._raw.read(_BUFFER_BYTES)
            if not read:
                return
            self._compressed = read.lstrip(b"\0")

    def _decompress(self, compressed: bytes) -> bytes:
        self._member = self._member or self._new_member()
        self._has_member = True
        try:
            data = self._member.decompress(compressed)
        except _DAMAGE as error:
            raise DamagedFileError(self._path, f"{type(error).__name__}: {error}") from error
        if self._member.eof:
            self._compressed = self._member.unused_data + self._compressed
            self._member = None
        return data
