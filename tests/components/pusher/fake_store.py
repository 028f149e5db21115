"""An object store in memory whose operations can fail, and a push destination on it.

It takes the place of TensorFlow's file operations, which `components.files` calls for remote paths.
Only single objects are written, copied and deleted; every one of these is an operation that can
fail. A folder is a prefix of names, or an empty object whose name ends with a slash.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import IO

from components import files
from tests.components.pusher.bundles import Destination

SCHEME = "fake://"


@dataclass
class FakeStore:
    """The part of `tf.io.gfile` that `components.files` calls.

    Attributes:
      objects: The contents by name.
      num_operations: Number of operations that have changed the store.
      fails_at: Index of the first operation that fails; None for none.
      recovers: Whether the operations after the first failure succeed; otherwise all fail, as those
        of a killed process do not happen.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    num_operations: int = 0
    fails_at: int | None = None
    recovers: bool = False

    def _operation(self) -> None:
        index = self.num_operations
        self.num_operations += 1
        if self.fails_at is not None and (
            index == self.fails_at or (index > self.fails_at and not self.recovers)
        ):
            raise OSError("the store is unavailable")

    def _put(self, path: str, content: bytes) -> None:
        self._operation()
        self.objects[path] = content

    def _below(self, path: str) -> list[str]:
        prefix = f"{path.rstrip('/')}/"
        return sorted(name for name in self.objects if name.startswith(prefix))

    def exists(self, path: str) -> bool:
        return path in self.objects or self.isdir(path)

    def isdir(self, path: str) -> bool:
        prefix = f"{path.rstrip('/')}/"
        return any(name.startswith(prefix) for name in self.objects)

    def listdir(self, path: str) -> list[str]:
        prefix = f"{path.rstrip('/')}/"
        below = [name.removeprefix(prefix) for name in self._below(path)]
        children = {name.split("/")[0] + ("/" if "/" in name else "") for name in below}
        return sorted(children - {""})

    def walk(self, path: str) -> Iterator[tuple[str, list[str], list[str]]]:
        for name in self._below(path):
            parent, _, leaf = name.rpartition("/")
            if leaf:
                yield parent, [], [leaf]

    def stat(self, path: str) -> SimpleNamespace:
        return SimpleNamespace(length=len(self._read(path)))

    def _read(self, path: str) -> bytes:
        if not path.startswith(SCHEME):
            return Path(path).read_bytes()
        if path not in self.objects:
            raise FileNotFoundError(path)
        return self.objects[path]

    @contextmanager
    def GFile(self, path: str, mode: str) -> Iterator[IO[bytes]]:  # noqa: N802
        if mode == "rb":
            yield io.BytesIO(self._read(path))
        else:
            file = io.BytesIO()
            yield file
            self._put(path, file.getvalue())

    def makedirs(self, path: str) -> None:
        if not self.isdir(path):
            self._put(f"{path}/", b"")

    def copy(self, source: str, target: str, overwrite: bool) -> None:
        assert overwrite
        self._put(target, self._read(source))

    def rename(self, source: str, target: str, overwrite: bool) -> None:
        raise AssertionError(f"an object store cannot rename {source}")

    def remove(self, path: str) -> None:
        self._read(path)
        self._operation()
        del self.objects[path]

    def rmtree(self, path: str) -> None:
        for name in self._below(path):
            self._operation()
            del self.objects[name]

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Replaces TensorFlow's file operations by those of this store."""

        @contextmanager
        def gfile() -> Iterator[FakeStore]:
            yield self

        original = files._gfile
        files._gfile = gfile
        try:
            yield
        finally:
            files._gfile = original


class RemoteDestination(Destination):
    """A push destination on a store; bundles are local.

    Attributes:
      store: The store.
    """

    def __init__(self, root: Path, store: FakeStore):
        super().__init__(root)
        self.store = store

    @property
    def folders(self) -> tuple[str, str]:
        """The served and the portable folder."""
        return f"{SCHEME}models/serving/demo", f"{SCHEME}models/serving_portable/demo"

    def files(self) -> dict[str, bytes]:
        """The contents of all objects by their path without the name of the model."""
        prefix = f"{SCHEME}models/"
        names = {name.removeprefix(prefix): name for name in self.store.objects}
        return {
            short.replace("/demo/", "/", 1): self.store.objects[name]
            for short, name in names.items()
            if "/demo/" in short and not short.endswith("/demo/")
        }
