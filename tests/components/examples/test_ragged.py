"""Features with a varying number of values per row, read as columns."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.examples.ragged import read_ragged
from tests.examples import write_split

DTYPES = {"text": tf.string, "number": tf.float32, "flag": tf.int64}


def read(tmp_path: Path) -> dict[str, tuple[list[object], list[int]]]:
    files = sorted(map(str, (tmp_path / "Split-a").iterdir()))
    columns = read_ragged(files, DTYPES)
    assert {name: column.values.dtype for name, column in columns.items()} == {
        "text": np.dtype(object), "number": np.float32, "flag": np.int64
    }  # fmt: skip
    assert all(column.lengths.dtype == np.int64 for column in columns.values())
    return {name: (col.values.tolist(), col.lengths.tolist()) for name, col in columns.items()}


def test_missing_and_repeated_values(tmp_path: Path) -> None:
    rows: list[dict[str, list[Any]]] = [
        {"text": ["a", "b"], "flag": [1]},
        {"number": [0.5]},
        {"text": ["c"], "flag": [2, 3]},
    ]
    write_split(str(tmp_path), "a", rows)

    assert read(tmp_path) == {
        "text": ([b"a", b"b", b"c"], [2, 0, 1]),
        "number": ([0.5], [0, 1, 0]),
        "flag": ([1, 2, 3], [1, 0, 2]),
    }


def test_file_without_rows(tmp_path: Path) -> None:
    write_split(str(tmp_path), "a", [])

    assert read(tmp_path) == {name: ([], []) for name in DTYPES}
