"""The files of the traffic log: written under a hidden name, renamed when they are complete.

A file that is being written is called `.NAME.jsonl.open`. A folder, and patterns such as
`*.jsonl`, do not match it, so a reader sees complete files only.
"""

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from components import files
from schemas.errors import InputError

OPEN_SUFFIX = ".open"
# Only the user of the server may read what other users were recommended.
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700


@dataclass(frozen=True)
class FileSettings:
    """Where the files are, and when one is complete.

    Attributes:
      folder: The folder, on a local file system.
      max_bytes: A file is complete before it becomes larger.
      max_s: A file is complete this time after its first record, in seconds.
    """

    folder: str
    max_bytes: int = 64 * 1024 * 1024
    max_s: float = 300.0


@dataclass
class _OpenFile:
    """The file that is being written; `opened_s` is the time of its first record."""

    descriptor: int
    path: str
    opened_s: float
    num_bytes: int = 0


class TrafficFiles:
    """Writes lines to a sequence of files. Used by one thread."""

    def __init__(self, settings: FileSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Creates the folder.

        Args:
          settings: The folder and the size of the files.
          clock: Returns a time in seconds.

        Raises:
          InputError: The folder cannot be created, or files cannot be created in it.
        """
        self._settings = settings
        self._clock = clock
        self._open: _OpenFile | None = None
        _check_folder(settings.folder)

    def write(self, lines: bytes) -> None:
        """Writes complete lines, all or none of them, into the open file or a new one.

        Raises:
          OSError: They cannot be written, for example because the disk is full.
        """
        if self._open is None:
            self._open = self._new_file()
        opened, rest = self._open, memoryview(lines)
        try:
            # Without a buffer, what has been written survives the end of the process.
            while rest:
                rest = rest[os.write(opened.descriptor, rest) :]
        except OSError:
            os.ftruncate(opened.descriptor, opened.num_bytes)
            os.lseek(opened.descriptor, opened.num_bytes, os.SEEK_SET)
            raise
        opened.num_bytes += len(lines)

    def seconds_left(self) -> float | None:
        """Returns the time until the open file is complete; None if no file is open."""
        if self._open is None:
            return None
        return max(0.0, self._open.opened_s + self._settings.max_s - self._clock())

    def close_if_due(self, num_bytes: int = 0) -> None:
        """Completes the open file if its time is over, or if more bytes would not fit.

        Raises:
          OSError: It cannot be completed.
        """
        if self._open is None:
            return
        is_full = 0 < self._open.num_bytes > self._settings.max_bytes - num_bytes
        if is_full or self.seconds_left() == 0:
            self.close()

    def close(self) -> None:
        """Completes the open file, which becomes visible.

        Raises:
          OSError: It cannot be completed.
        """
        opened, self._open = self._open, None
        if opened is None:
            return
        try:
            try:
                os.fsync(opened.descriptor)
            finally:
                os.close(opened.descriptor)
            _complete(opened)
        except OSError as error:
            raise OSError(
                error.errno, f"{error.strerror}; the file keeps its hidden name", opened.path
            ) from error

    def _new_file(self) -> _OpenFile:
        now = datetime.now(timezone.utc)
        # The random part tells the files of several servers apart.
        name = f".traffic-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}.jsonl{OPEN_SUFFIX}"
        path = os.path.join(self._settings.folder, name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        return _OpenFile(descriptor, path, self._clock())


def _complete(opened: _OpenFile) -> None:
    """Makes a closed file visible, or removes it if it is empty."""
    folder, name = os.path.split(opened.path)
    if not opened.num_bytes:
        files.remove_file(opened.path)
        return
    visible = name.removeprefix(".").removesuffix(OPEN_SUFFIX)
    files.rename(opened.path, os.path.join(folder, visible))


def _check_folder(folder: str) -> None:
    if files.is_remote(folder):
        raise InputError(
            f"--traffic-log {folder}: expected a local folder; copy its complete files to an "
            "object store"
        )
    try:
        os.makedirs(folder, _FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise InputError(f"--traffic-log {folder}: cannot be created: {error}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--traffic-log {folder}: files cannot be created in it; check its owner")
