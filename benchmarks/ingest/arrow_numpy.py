"""The ingestion in Arrow and NumPy without Beam, a lower bound for time and memory.

One process reads the whole log into columns. In contrast to the pipeline, the log must fit in
memory, the only format is JSON Lines, the only rejected records are exact repeats, and `keep` rules
and per-user features are not supported. The outputs are the same: windows, single events, and
rejected repeats with their line.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from benchmarks.ingest.arrow_numpy_examples import SortedColumns, event_records, window_records
from benchmarks.ingest.tfrecord import gzipped
from components.example_gen.event_table import TIME_US
from components.example_gen.sample import sampled_events
from components.example_gen.sorted_events import SortedEvents
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import ITEM_ID, USER_ID
from schemas.settings import DataSettings

_SPLITS = ("train", "eval", "test")
# Arrow rejects blocks of more than 100,000 lines.
_BLOCK_BYTES = 1 << 22
_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("timestamp", pa.int64()),
        ("event_type", pa.string()),
        ("value", pa.float32()),
    ]
)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WindowBounds:
    """The windows of a split, as positions of the sorted events.

    Attributes:
      begin: [num_windows] int64, the first event of each window.
      first_target: [num_windows] int64, the first target of each window.
      end: [num_windows] int64, one past the last event, which is the last target.
    """

    begin: Ints
    first_target: Ints
    end: Ints


def ingest(log: Path, output: Path, data: DataSettings, num_threads: int) -> None:
    """Writes the folders `windows`, `events` and `rejects` below `output`.

    Args:
      log: A generated log.
      output: An existing folder.
      data: Settings of the history and the split.
      num_threads: Number of threads that compress and write files.
    """
    table = pyarrow.json.read_json(
        log,
        pyarrow.json.ReadOptions(block_size=_BLOCK_BYTES),
        pyarrow.json.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="ignore"),
    )
    users = table["user_id"].combine_chunks().dictionary_encode()
    user = users.indices.to_numpy()
    time = table["timestamp"].to_numpy()
    order = np.lexsort((time, user))
    repeats = _repeats(table, order, user, time)
    order = order[~repeats[order]]
    user, time = user[order], time[order]

    columns = SortedColumns(
        user=user,
        user_id=users.dictionary,
        item_id=pc.take(table["item_id"].combine_chunks(), pa.array(order)),
        timestamp=time,
        event_type=pc.take(table["event_type"].combine_chunks(), pa.array(order)),
        value=table["value"].to_numpy()[order],
    )
    # zlib releases the interpreter lock, so that threads compress files in parallel.
    with ThreadPoolExecutor(num_threads) as pool:
        written = [
            pool.submit(_write_split, output / "events", "events", chunk, at)
            for at, chunk in enumerate(event_records(columns, _sample(columns)))
        ]
        boundaries = _boundaries(time, data.split.eval_fraction, data.split.test_fraction)
        for split, windows in _windows(user, time, boundaries, data.history.max_length):
            shards = window_records(columns, windows.begin, windows.first_target, windows.end)
            for at, chunk in enumerate(shards):
                written.append(pool.submit(_write_split, output / "windows", split, chunk, at))
        written.append(pool.submit(_write_rejects, output / "rejects", log, repeats))
        for future in written:
            future.result()


def _sample(columns: SortedColumns) -> Ints:
    """Returns the positions of the events that the pipeline samples for statistics."""
    users = pa.DictionaryArray.from_arrays(pa.array(columns.user), columns.user_id)
    items = columns.item_id.dictionary_encode()
    times_us = pa.array(columns.timestamp * MICROSECONDS_PER_SECOND)
    events = SortedEvents.of_sorted(pa.table({USER_ID: users, ITEM_ID: items, TIME_US: times_us}))
    return sampled_events(events, len(events))


def _repeats(
    table: pa.Table, order: Ints, user: npt.NDArray[np.int32], time: Ints
) -> npt.NDArray[np.bool_]:
    """Returns whether each row repeats an earlier one in user, item, time and type."""
    tied = np.flatnonzero((np.diff(user[order]) == 0) & (np.diff(time[order]) == 0))
    rows = np.sort(order[np.union1d(tied, tied + 1)])
    keys = table.select(["user_id", "item_id", "timestamp", "event_type"])
    repeats = np.zeros(len(order), np.bool_)
    repeats[rows] = keys.take(pa.array(rows)).to_pandas().duplicated().to_numpy()
    return repeats


def _boundaries(time: Ints, eval_fraction: float, test_fraction: float) -> tuple[int, int]:
    """Returns the first second of split eval and of split test."""
    times = np.sort(time)
    num_test = round(len(times) * test_fraction)
    num_eval = round(len(times) * eval_fraction)
    return times[len(times) - num_test - num_eval], times[len(times) - num_test]


def _windows(
    user: npt.NDArray[np.int32], time: Ints, boundaries: tuple[int, int], max_length: int
) -> Iterator[tuple[str, WindowBounds]]:
    """Yields the windows of every split; round n makes the n-th window of all users at once."""
    starts = np.flatnonzero(np.diff(user, prepend=-1))
    ends = np.append(starts[1:], len(user))
    # A user's events are sorted by time: their number before a boundary gives the position.
    cuts = [
        starts + np.add.reduceat((time < boundary).astype(np.int64), starts)
        for boundary in boundaries
    ]
    edges = (starts, *cuts, ends)
    half = (max_length + 1) // 2
    for at, split in enumerate(_SPLITS):
        min_history = half if split == "train" else max_length
        target, stop, origin = edges[at], edges[at + 1], starts
        rounds = []
        while len(target):
            has_target = target < stop
            target, stop, origin = target[has_target], stop[has_target], origin[has_target]
            last_possible = np.maximum(origin, target - min_history) + max_length
            end = np.minimum(last_possible + 1, stop)
            rounds.append((np.maximum(origin, end - 1 - max_length), target, end))
            target = end
        begin, first_target, end = map(np.concatenate, zip(*rounds, strict=True))
        # The windows of a user overlap: in consecutive records they compress to a third.
        by_user = np.argsort(first_target)
        yield split, WindowBounds(begin[by_user], first_target[by_user], end[by_user])


def _write_split(folder: Path, split: str, records: bytes, shard: int) -> None:
    _write(folder / f"Split-{split}" / f"data_tfrecord-{shard:05d}.gz", gzipped(records))


def _write_rejects(folder: Path, log: Path, repeats: npt.NDArray[np.bool_]) -> None:
    content = np.memmap(log, np.uint8, "r")
    ends = np.flatnonzero(content == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    lines = []
    for row in np.flatnonzero(repeats):
        raw = content[starts[row] : ends[row]].tobytes().decode()
        reject = {"file": str(log), "line": int(row) + 1, "reason": "duplicate", "raw": raw}
        lines.append(json.dumps(reject) + "\n")
    _write(folder / "rejects.jsonl.gz", gzipped("".join(lines).encode()))


def _write(path: Path, content: bytes) -> None:
    """Writes a file under a temporary name and renames it when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
