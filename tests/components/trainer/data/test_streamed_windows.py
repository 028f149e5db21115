"""Windows that are streamed from temporary files."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.examples import ragged
from components.trainer.data import windows as windows_module
from components.trainer.data.batches import DenseWindows, EpochBatches
from components.trainer.data.candidates import TransformedCatalogue, candidate_table
from components.trainer.data.consecutive_events import merge_consecutive_events
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.data.read_windows import WindowsReader
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows, with_targets
from schemas.source_settings import FeatureKind
from tests.components.trainer.datasets import write_examples

NUM_WINDOWS, LONGEST, EVENTS_PER_STEP = 60, 12, 40
ITEM_IDS = [f"i{number}".encode() for number in range(9)]
ITEMS = candidate_table(
    ITEM_IDS, TransformedCatalogue(np.array([], dtype=object), np.array([], np.int64), {}), ()
)
USERS = [f"u{number}".encode() for number in range(NUM_WINDOWS // 2)]
IDS = IdVocabularies((), tuple(USERS))
FEATURES = TowerFeatures(
    user_id=InputFeature("user_id", FeatureKind.CATEGORY, len(USERS)),
    user=(InputFeature("age", FeatureKind.NUMBER, 10),),
    context=(InputFeature("device", FeatureKind.CATEGORY, 3),),
    outcome=(
        InputFeature("event_type", FeatureKind.CATEGORY, 2),
        InputFeature("value", FeatureKind.NUMBER, 10),
    ),
    item=(),
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A split of several chunks, with windows without targets and consecutive events."""
    monkeypatch.setattr(ragged, "_ROWS_PER_CHUNK", 7)
    monkeypatch.setattr(windows_module, "_EVENTS_PER_CHUNK", LONGEST)
    rng = np.random.default_rng(5)
    rows = []
    for number in range(NUM_WINDOWS):
        size = int(rng.integers(1, LONGEST + 1))
        rows.append(
            {
                "user_id": np.array([f"u{number}".encode()], dtype=object),
                "age": rng.random(1, np.float32),
                "age.bucket": rng.integers(0, 10, 1),
                "item_id": rng.choice(np.array(ITEM_IDS, dtype=object), size),
                "timestamp": np.sort(rng.integers(0, 10_000, size)),
                "event_type": rng.integers(0, 2, size),
                "value": rng.random(size, np.float32),
                "value.bucket": rng.integers(0, 10, size),
                "device": rng.integers(0, 3, size),
                "is_target": rng.integers(0, 2, size) * (number % 4 > 0),
            }
        )
    write_examples(rows, tmp_path / "windows.gz")
    return tmp_path / "windows.gz"


def read(file: Path, max_bytes: float) -> TransformedWindows:
    reader = WindowsReader(FEATURES, ITEMS, IDS, np.ones(3, np.float32), True, max_bytes)
    return reader.read(
        [str(file)],
        lambda windows: merge_consecutive_events(with_targets(windows), {"event_type"}),
    )


def columns_of(windows: TransformedWindows) -> dict[str, Any]:
    return {"lengths": windows.lengths, **windows.user, **windows.events}


def assert_equal(first: TransformedWindows, second: TransformedWindows) -> None:
    for name, values in columns_of(first).items():
        np.testing.assert_array_equal(columns_of(second)[name], values, strict=True)
    for windows in (first, second):
        assert windows.padding == first.padding
        assert windows.repeat_targets == first.repeat_targets > 0
        assert windows.last_event_s == first.last_event_s


def test_streamed_windows_and_their_batches_equal_those_in_memory(file: Path) -> None:
    in_memory, streamed = read(file, math.inf), read(file, 100.0)

    assert all(isinstance(values, np.memmap) for values in streamed.events.values())
    assert all(isinstance(values, np.memmap) for values in streamed.user.values())
    assert not any(isinstance(values, np.memmap) for values in in_memory.events.values())
    assert_equal(in_memory, streamed)
    for seed in (None, 3):
        pairs = zip(
            EpochBatches(in_memory, EVENTS_PER_STEP, seed).epoch(2),
            EpochBatches(streamed, EVENTS_PER_STEP, seed).epoch(2),
            strict=True,
        )
        for first, second in pairs:
            assert first.keys() == second.keys()
            for name, values in first.items():
                np.testing.assert_array_equal(second[name], values, strict=True)


def test_chunks_are_prepared_as_the_whole_split_would_be(file: Path) -> None:
    reader = WindowsReader(FEATURES, ITEMS, IDS, np.ones(3, np.float32), True)
    whole = reader.read([str(file)])

    expected = merge_consecutive_events(with_targets(whole), {"event_type"})

    assert_equal(expected, read(file, math.inf))
    assert len(expected) < len(whole) == NUM_WINDOWS
    assert expected.last_event_s == whole.last_event_s == whole.events["timestamp"].max()


class _NoWholeColumn(np.ndarray):  # type: ignore[type-arg]
    """A column of which only a part can be read at a time."""

    def __getitem__(self, key: Any) -> Any:
        part = np.asarray(np.ndarray.__getitem__(self.view(np.ndarray), key))
        assert part.size <= max(EVENTS_PER_STEP, LONGEST) < self.size
        return part

    def __array_ufunc__(self, *arguments: Any, **named: Any) -> Any:
        raise AssertionError("a function of a whole column")

    def __array_function__(self, *arguments: Any, **named: Any) -> Any:
        raise AssertionError("a function of a whole column")


def test_no_column_of_events_is_read_as_a_whole(file: Path) -> None:
    windows = read(file, 0.0)
    guarded = replace(
        windows,
        events={name: values.view(_NoWholeColumn) for name, values in windows.events.items()},
    )

    targets = guarded.targets()
    dense = DenseWindows(guarded)
    weight = sum(dense(np.array([window]), LONGEST)[WEIGHT].sum() for window in range(len(windows)))

    assert len(targets.rows) == windows.num_targets == weight
    np.testing.assert_array_equal(targets.rows, windows.events[ROW][windows.events[WEIGHT] > 0])
    with pytest.raises(AssertionError, match="a whole column"):
        np.count_nonzero(guarded.events[WEIGHT])


@pytest.mark.parametrize("max_targets", [1, 5, 1_000, None])
def test_with_targets_selects_the_same_targets_from_files(
    file: Path, max_targets: int | None
) -> None:
    reader = WindowsReader(FEATURES, ITEMS, IDS, np.ones(3, np.float32), True, max_bytes=0.0)

    streamed = reader.read([str(file)])
    selected = with_targets(streamed, max_targets)

    assert selected.num_targets == min(max_targets or 1_000, streamed.num_targets)
    starts = np.cumsum(selected.lengths) - selected.lengths
    assert (np.add.reduceat(selected.events[WEIGHT], starts) > 0).all()
