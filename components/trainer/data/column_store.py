"""Columns that grow by chunks: in memory up to a limit, in temporary files beyond it.

The files are memory-mapped, so that a step of training reads only the values that it gathers. They
have no name, and disappear with the process, also if it is killed.
"""

import errno
import tempfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from components.progress import progress
from schemas.errors import InputError

BYTES_PER_GB = 1_000_000_000


class ColumnStore:
    """Collects the chunks of columns.

    Attributes:
      is_in_files: Whether the limit was exceeded, so that the columns are in files.
    """

    def __init__(self, max_bytes: float):
        """`max_bytes` is the largest size of all columns together in memory."""
        self.is_in_files = False
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._chunks: dict[str, list[npt.NDArray[Any]]] = {}
        self._dtypes: dict[str, np.dtype[Any]] = {}
        self._files: dict[str, IO[bytes]] = {}

    def append(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Appends values to each column; the dtypes are those of the first call.

        Raises:
          InputError: The limit is exceeded, and the temporary folder is full.
        """
        for name, values in columns.items():
            dtype = self._dtypes.setdefault(name, values.dtype)
            self._chunks.setdefault(name, []).append(values.astype(dtype, copy=False))
            self._num_bytes += values.nbytes
        if self._num_bytes > self._max_bytes:
            self._move_to_files()

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the columns, memory-mapped if they are in files."""
        if not self.is_in_files:
            return {name: np.concatenate(chunks) for name, chunks in self._chunks.items()}
        return {name: _mapped(file, self._dtypes[name]) for name, file in self._files.items()}

    def _move_to_files(self) -> None:
        if not self.is_in_files:
            self.is_in_files = True
            progress.info(
                "the windows exceed %.1f GB (train.max_windows_gb): they are streamed from "
                "temporary files in %s",
                self._max_bytes / BYTES_PER_GB,
                tempfile.gettempdir(),
            )
        try:
            for name, chunks in self._chunks.items():
                if name not in self._files:
                    self._files[name] = tempfile.TemporaryFile()  # noqa: SIM115
                for chunk in chunks:
                    self._files[name].write(np.ascontiguousarray(chunk).data)
                self._files[name].flush()
                chunks.clear()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise InputError(
                f"{tempfile.gettempdir()} is full after {self._num_bytes / BYTES_PER_GB:.1f} GB of "
                "windows: set the environment variable TMPDIR to a folder with more space, or "
                "raise train.max_windows_gb, so that they stay in memory"
            ) from error


def _mapped(file: IO[bytes], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    # An empty file cannot be mapped.
    if not file.tell():
        return np.empty(0, dtype)
    return np.memmap(file, dtype, mode="r", shape=(file.tell() // dtype.itemsize,))
