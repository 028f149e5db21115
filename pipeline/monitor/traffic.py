"""Reads traffic logs into columns."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.files import find_files
from components.readers.read import read_batches
from components.readers.records import Rows, python_values
from pipeline.monitor.columns import Lists, Texts, encode_texts
from schemas import traffic as t
from schemas.errors import InputError
from schemas.source_settings import SourceSettings

_LIST_OF_TEXTS = pa.list_(pa.string())
_TYPES: dict[str, pa.DataType] = {
    t.TIMESTAMP_MS: pa.int64(),
    t.MODEL: pa.string(),
    t.VERSION: pa.int64(),
    t.LABEL: pa.string(),
    t.SIGNATURE: pa.string(),
    t.USER_ID: pa.string(),
    t.USER_KEY: pa.string(),
    t.SAMPLE: pa.float64(),
    t.HISTORY_LENGTH: pa.int64(),
    t.HISTORY_ITEM_IDS: _LIST_OF_TEXTS,
    t.K: pa.int64(),
    t.ITEM_IDS: _LIST_OF_TEXTS,
    t.SCORES: pa.list_(pa.float64()),
}
_MAX_SHOWN = 80


@dataclass(frozen=True)
class Traffic:
    """The records of traffic logs, one per list that was recommended to a user.

    Attributes:
      files: The files.
      time_ms: [num_lists] int64, milliseconds since the epoch, UTC.
      model: The models.
      version: [num_lists] int64.
      label: The labels that the requests named, "" without one.
      signature: The signatures.
      user: The user ids, "" without one, or their hashes.
      user_key: The fingerprint of the key of the hashes, "" if ids are not hashed.
      sample: The share of users in the log; the smallest one if files differ.
      history_length: [num_lists] int64.
      history: The newest ids of the histories.
      k: [num_lists] int64, the number of items that the list could have.
      items: The items of the lists, best first.
      score: The [num_listed] float32 scores of the items.
    """

    files: tuple[str, ...]
    time_ms: npt.NDArray[np.int64]
    model: Texts
    version: npt.NDArray[np.int64]
    label: Texts
    signature: Texts
    user: Texts
    user_key: str
    sample: float
    history_length: npt.NDArray[np.int64]
    history: Lists
    k: npt.NDArray[np.int64]
    items: Lists
    score: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.time_ms)


def read_traffic(paths: Sequence[str], model: str) -> Traffic:
    """Reads all records of traffic logs.

    Args:
      paths: Files, folders or patterns.
      model: Name of the served model.

    Raises:
      InputError: No file matches, a file is no traffic log, the logs are of another model, or their
        user ids were hashed with different keys.
    """
    files = tuple(file.path for file in find_files(tuple(paths)))
    source = SourceSettings(path=files, format="jsonl")
    parts: dict[str, list[pa.Array]] = defaultdict(list)
    keys: dict[str, str] = {}
    for path in files:
        for arrays in _read_file(path, source):
            for name, array in arrays.items():
                parts[name].append(array)
            for key in arrays[t.USER_KEY].unique().to_pylist():
                keys.setdefault(key, path)
            _check_model(path, arrays[t.MODEL], model)
    if not keys:
        raise InputError(f"{', '.join(paths)}: contains no record; give files of requests")
    _check_keys(keys)
    return _assemble(files, parts, next(iter(keys)))


def _read_file(path: str, source: SourceSettings) -> Iterator[dict[str, pa.Array]]:
    for batch in read_batches(path, source, tuple(_TYPES)):
        if batch.rejects:
            reject = batch.rejects[0]
            raise _not_traffic(path, reject.line, reject.detail)
        yield _typed(path, batch.rows)


def _typed(path: str, rows: Rows) -> dict[str, pa.Array]:
    """Converts columns to their types, and checks that no value is missing."""
    arrays = {}
    for (name, dtype), values in zip(_TYPES.items(), rows.columns, strict=True):
        array = _array(python_values(values), dtype)
        if array is None:
            raise _first_fault(path, rows, name, python_values(values))
        arrays[name] = array
    num_items = pc.list_value_length(arrays[t.ITEM_IDS])
    differs = pc.not_equal(num_items, pc.list_value_length(arrays[t.SCORES]))
    if (row := differs.index(True).as_py()) >= 0:
        raise _not_traffic(
            path, int(rows.lines[row]), f"{t.ITEM_IDS} and {t.SCORES} differ in length"
        )
    return arrays


def _array(values: list[Any], dtype: pa.DataType) -> pa.Array | None:
    """Returns values as an array; None if one is missing or of another type."""
    # Arrow takes a text for a list of its characters.
    if pa.types.is_list(dtype) and not all(type(value) is list for value in values):
        return None
    try:
        array = pa.array(values, dtype)
    except (pa.ArrowException, TypeError, OverflowError):
        return None
    has_missing = array.null_count or (dtype == _LIST_OF_TEXTS and array.flatten().null_count)
    return None if has_missing else array


def _first_fault(path: str, rows: Rows, name: str, values: list[Any]) -> InputError:
    for line, value in zip(rows.lines.tolist(), values, strict=True):
        if value is None:
            return _not_traffic(path, line, f"the key {name} is missing")
        if _array([value], _TYPES[name]) is None:
            shown = repr(value)[:_MAX_SHOWN]
            return _not_traffic(path, line, f"{name} is {shown}, expected {_TYPES[name]}")
    raise AssertionError(f"{path}: {name} has a fault as a column, but in no row")


def _not_traffic(path: str, line: int, problem: str) -> InputError:
    return InputError(
        f"{path}: line {line} is no record of a traffic log: {problem}; give the files that "
        "`twotower serve --traffic-log` wrote"
    )


def _check_model(path: str, models: pa.Array, model: str) -> None:
    others = sorted(set(models.unique().to_pylist()) - {model})
    if others:
        raise InputError(
            f"{path}: contains traffic of the model {others[0]}, but the run pushes {model}; give "
            "the run of that model, or the files of this one"
        )


def _check_keys(keys: dict[str, str]) -> None:
    """Checks that all user ids are named in the same way, given a file of each key."""
    if len(keys) < 2:
        return
    (one, path), (other, other_path) = list(keys.items())[:2]
    raise InputError(
        f"the user ids of {path} are {_naming(one)}, but those of {other_path} are "
        f"{_naming(other)}, so they cannot be compared; give the files of one key"
    )


def _naming(key: str) -> str:
    return f"hashed with the key {key}" if key else "not hashed"


def _assemble(files: tuple[str, ...], parts: dict[str, list[pa.Array]], key: str) -> Traffic:
    def numbers(name: str) -> npt.NDArray[Any]:
        return np.concatenate([part.to_numpy() for part in parts[name]])

    def texts(name: str) -> Texts:
        return encode_texts(parts[name])

    def lists(name: str) -> Lists:
        lengths = [pc.list_value_length(part).to_numpy() for part in parts[name]]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
        return Lists(offsets, encode_texts([part.flatten() for part in parts[name]]))

    scores = [part.flatten().to_numpy(zero_copy_only=False) for part in parts[t.SCORES]]
    return Traffic(
        files=files,
        time_ms=numbers(t.TIMESTAMP_MS),
        model=texts(t.MODEL),
        version=numbers(t.VERSION),
        label=texts(t.LABEL),
        signature=texts(t.SIGNATURE),
        user=texts(t.USER_ID),
        user_key=key,
        sample=float(numbers(t.SAMPLE).min()),
        history_length=numbers(t.HISTORY_LENGTH),
        history=lists(t.HISTORY_ITEM_IDS),
        k=numbers(t.K),
        items=lists(t.ITEM_IDS),
        score=np.concatenate(scores).astype(np.float32),
    )
