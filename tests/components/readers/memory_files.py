"""A remote filesystem in memory for tests, which Beam reads by `memory://` paths."""

import hashlib
import io
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, ClassVar

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata, FileSystem


class MemoryFileSystem(FileSystem):
    """An object store, without folders.

    Attributes:
      contents: The content of each object, by path.
      times: Modification times, in seconds since the epoch; 1.0 for other objects.
      has_times: Whether the store has modification times.
      has_checksums: Whether the store has checksums.
    """

    contents: ClassVar[dict[str, bytes]] = {}
    times: ClassVar[dict[str, float]] = {}
    has_times = True
    has_checksums = True

    @classmethod
    def scheme(cls) -> str:
        return "memory"

    def join(self, basepath: str, *paths: str) -> str:
        return posixpath.join(basepath, *paths)

    def split(self, path: str) -> tuple[str, str]:
        return posixpath.split(path)

    def has_dirs(self) -> bool:
        return False

    def mkdirs(self, path: str) -> None:
        pass

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        return (self.metadata(path) for path in self.contents if path.startswith(dir_or_prefix))

    def metadata(self, path: str) -> FileMetadata:
        time_s = self.times.get(path, 1.0) if self.has_times else 0.0
        return FileMetadata(path, self.size(path), time_s)

    def size(self, path: str) -> int:
        return len(self.contents[path])

    def last_updated(self, path: str) -> float:
        return self.metadata(path).last_updated_in_seconds

    def exists(self, path: str) -> bool:
        return path in self.contents

    def checksum(self, path: str) -> str:
        if not self.has_checksums:
            raise BeamIOError("Checksum operation failed", {path: "not supported"})
        return hashlib.md5(self.contents[path]).hexdigest()

    def open(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> BinaryIO:
        if path not in self.contents:
            raise BeamIOError("Open operation failed", {path: "no such object"})
        return io.BytesIO(self.contents[path])

    def create(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> BinaryIO:
        return _Object(self.contents, path)

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            self.contents[target] = self.contents[source]

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            self.contents[target] = self.contents.pop(source)

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            for name in [name for name in self.contents if name.startswith(path)]:
                del self.contents[name]


class MemoryFolders(MemoryFileSystem):
    """The same objects by `folders://` paths; folders are listed one by one, as on HDFS."""

    @classmethod
    def scheme(cls) -> str:
        return "folders"

    def has_dirs(self) -> bool:
        return True

    def exists(self, path: str) -> bool:
        return path in self.contents or any(name.startswith(f"{path}/") for name in self.contents)

    def size(self, path: str) -> int:
        return len(self.contents.get(path, b""))

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        if dir_or_prefix in self.contents:
            raise BeamIOError("List operation failed", {dir_or_prefix: "not a directory"})
        parent = f"{dir_or_prefix.rstrip('/')}/"
        below = {name[len(parent) :] for name in self.contents if name.startswith(parent)}
        return (self.metadata(parent + name) for name in {rest.split("/")[0] for rest in below})


class _Object(io.BytesIO):
    """A file that is stored under its path when it is closed, like the objects of a store."""

    def __init__(self, contents: dict[str, bytes], path: str):
        super().__init__()
        self._contents = contents
        self._path = path

    def close(self) -> None:
        if not self.closed:
            self._contents[self._path] = self.getvalue()
        super().close()


@contextmanager
def memory_files(**changes: Any) -> Iterator[dict[str, bytes]]:
    """Yields the contents of an empty store; `changes` temporarily replace class attributes."""
    before = {key: getattr(MemoryFileSystem, key) for key in changes}
    MemoryFileSystem.contents.clear()
    MemoryFileSystem.times.clear()
    for key, value in changes.items():
        setattr(MemoryFileSystem, key, value)
    try:
        yield MemoryFileSystem.contents
    finally:
        MemoryFileSystem.contents.clear()
        for key, value in before.items():
            setattr(MemoryFileSystem, key, value)
