"""The floor: Arrow and NumPy alone doing what an ingestion of JSON lines does, without Beam.

One process reads the whole log into columns, so it knows no log larger than memory, no other
format, no unfit record but exact repeats, no keep rule and no per-user feature. What it writes is
the same: windows, single events, and rejected repeats with their line.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from benchmarks.ingest.floor_examples import Columns, event_records, window_records
from benchmarks.ingest.records import gzipped
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


@dataclass(frozen=True)
class Windows:
    """Events [begin, end) of the sorted log a window; those from `first_target` on are targets."""

    begin: np.ndarray
    first_target: np.ndarray
    end: np.ndarray


def ingest(log: Path, output: Path, data: DataSettings, num_threads: int) -> None:
    """Writes the folders windows, events and rejects below `output`, by so many threads."""
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

    columns = Columns(
        user=user,
        user_id=users.dictionary,
        item_id=pc.take(table["item_id"].combine_chunks(), pa.array(order)),
        timestamp=time,
        event_type=pc.take(table["event_type"].combine_chunks(), pa.array(order)),
        value=table["value"].to_numpy()[order],
    )
    # zlib lets go of the interpreter: files compress beside each other.
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


def _sample(columns: Columns) -> np.ndarray:
    """The indices of the events for statistics, by the product's own rule."""
    users = pa.DictionaryArray.from_arrays(pa.array(columns.user), columns.user_id)
    items = columns.item_id.dictionary_encode()
    times_us = pa.array(columns.timestamp * MICROSECONDS_PER_SECOND)
    events = SortedEvents.of_sorted(pa.table({USER_ID: users, ITEM_ID: items, TIME_US: times_us}))
    return sampled_events(events, len(events))


def _repeats(table: pa.Table, order: np.ndarray, user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """[num_rows] bool: which rows repeat an earlier one of the same user, item, time and type."""
    tied = np.flatnonzero((np.diff(user[order]) == 0) & (np.diff(time[order]) == 0))
    rows = np.sort(order[np.union1d(tied, tied + 1)])
    keys = table.select(["user_id", "item_id", "timestamp", "event_type"])
    repeats = np.zeros(len(order), bool)
    repeats[rows] = keys.take(pa.array(rows)).to_pandas().duplicated().to_numpy()
    return repeats


def _boundaries(time: np.ndarray, eval_fraction: float, test_fraction: float) -> tuple[int, int]:
    """When eval and test begin; events of one second stay together."""
    times = np.sort(time)
    num_test = round(len(times) * test_fraction)
    num_eval = round(len(times) * eval_fraction)
    return times[len(times) - num_test - num_eval], times[len(times) - num_test]


def _windows(
    user: np.ndarray, time: np.ndarray, boundaries: tuple[int, int], max_length: int
) -> Iterator[tuple[str, Windows]]:
    """The windows of every split, of all users at once: round n makes each user's n-th window."""
    starts = np.flatnonzero(np.diff(user, prepend=-1))
    ends = np.append(starts[1:], len(user))
    # A user's events are sorted by time, so those before an instant are counted per user.
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
            live = target < stop
            target, stop, origin = target[live], stop[live], origin[live]
            last_possible = np.maximum(origin, target - min_history) + max_length
            end = np.minimum(last_possible + 1, stop)
            rounds.append((np.maximum(origin, end - 1 - max_length), target, end))
            target = end
        begin, first_target, end = map(np.concatenate, zip(*rounds, strict=True))
        # A user's windows overlap: one after the other they compress to a third.
        by_user = np.argsort(first_target)
        yield split, Windows(begin[by_user], first_target[by_user], end[by_user])


def _write_split(folder: Path, split: str, records: bytes, shard: int) -> None:
    _write(folder / f"Split-{split}" / f"data_tfrecord-{shard:05d}.gz", gzipped(records))


def _write_rejects(folder: Path, log: Path, repeats: np.ndarray) -> None:
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
    """Under its final name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
