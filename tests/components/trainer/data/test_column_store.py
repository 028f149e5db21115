"""Columns in memory and in temporary files."""

import errno
from typing import IO, Any

import numpy as np
import pytest

from components.trainer.data import column_store
from components.trainer.data.column_store import ColumnStore
from schemas.errors import InputError

CHUNKS = [
    {
        "rows": np.arange(start, start + 5, dtype=np.int32),
        "users": np.full(2, start / 8, np.float32),
    }
    for start in (0, 5, 10)
]
CHUNK_BYTES = 5 * 4 + 2 * 4


@pytest.mark.parametrize("chunks_in_memory", [0, 1, 2, 3])
def test_columns_are_the_chunks_in_order(chunks_in_memory: int) -> None:
    store = ColumnStore(max_bytes=chunks_in_memory * CHUNK_BYTES)

    for chunk in CHUNKS:
        store.append(chunk)
    columns = store.columns()

    assert store.is_in_files == (chunks_in_memory < len(CHUNKS))
    for name, values in columns.items():
        expected = np.concatenate([chunk[name] for chunk in CHUNKS])
        np.testing.assert_array_equal(values, expected, strict=True)
        assert isinstance(values, np.memmap) == store.is_in_files


def test_a_column_without_values_keeps_its_dtype() -> None:
    store = ColumnStore(max_bytes=0)

    store.append({"rows": np.empty(0, np.int32), "times": np.arange(3)})

    assert store.columns()["rows"].dtype == np.int32
    assert store.columns()["times"].tolist() == [0, 1, 2]


def test_a_full_disk_is_an_error_that_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk:
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full_disk() -> IO[bytes]:
        return FullDisk()  # type: ignore[return-value]

    monkeypatch.setattr(column_store.tempfile, "TemporaryFile", full_disk)

    with pytest.raises(InputError, match=r"is full.*TMPDIR.*train\.max_windows_gb"):
        ColumnStore(max_bytes=0).append(CHUNKS[0])
