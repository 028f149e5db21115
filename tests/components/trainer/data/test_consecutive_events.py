"""Consecutive events of one item are merged into one event."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.trainer.data.consecutive_events import merge_consecutive_events, run_boundaries
from components.trainer.data.read import read_data
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from tests.components.trainer.datasets import PLAIN, data_settings, item, make_dataset, window

WINDOWS = st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=5)


def windows_of(rows: list[list[int]]) -> TransformedWindows:
    flat = np.array([row for window in rows for row in window], np.int32)
    return TransformedWindows(
        lengths=np.array([len(window) for window in rows], np.int64),
        user={"user_id": np.arange(len(rows))},
        events={
            ROW: flat,
            WEIGHT: np.zeros(len(flat), np.float32),
            "timestamp": np.arange(len(flat), dtype=np.int64),
            "event_type": np.arange(len(flat), dtype=np.int64),
        },
        padding={ROW: 3, WEIGHT: 0.0, "timestamp": -1, "event_type": -1},
    )


def test_a_merged_event_has_the_time_of_the_first_and_the_type_of_the_last() -> None:
    windows = windows_of([[0, 0, 0, 1], [1, 2, 2, 0, 2]])

    merged = merge_consecutive_events(windows, {"event_type"})

    assert merged.lengths.tolist() == [2, 4]
    assert merged.events[ROW].tolist() == [0, 1, 1, 2, 0, 2]
    assert merged.events["timestamp"].tolist() == [0, 3, 4, 5, 7, 8]
    assert merged.events["event_type"].tolist() == [2, 3, 4, 6, 7, 8]
    assert merged.user is windows.user


def test_merging_a_target_away_is_an_error() -> None:
    windows = windows_of([[0, 0]])

    with pytest.raises(ValueError, match="1 targets have the item of the event before them"):
        merge_consecutive_events(
            replace(windows, events={**windows.events, WEIGHT: np.ones(2)}), ()
        )


@settings(deadline=None)
@given(WINDOWS)
def test_run_boundaries_equal_those_of_a_loop(rows: list[list[int]]) -> None:
    item = np.array([row for window in rows for row in window], np.int32)
    window = np.repeat(np.arange(len(rows)), [len(window) for window in rows])

    first, last = run_boundaries(tf.constant(item), tf.constant(window))

    def same(window: list[int], one: int, other: int) -> bool:
        return one >= 0 and other < len(window) and window[one] == window[other]

    positions = [(window, t) for window in rows for t in range(len(window))]
    assert first.numpy().tolist() == [not same(w, t - 1, t) for w, t in positions]
    assert last.numpy().tolist() == [not same(w, t, t + 1) for w, t in positions]


def test_train_and_validation_are_merged_and_the_sample_is_not(tmp_path: Path) -> None:
    data = data_settings(PLAIN)
    items = ["i0", "i0", "i1", "i2", "i2", "i2", "i0"]
    times = [10 * index for index in range(len(items))]
    rows = [window(data, f"u{n}", items, timestamp=times, value=[float(n)] * 7) for n in range(3)]
    catalogue = [item(data, f"i{n}") for n in range(4)]
    dataset = make_dataset(data, rows, rows, catalogue, tmp_path)

    train_data = read_data(dataset.inputs, data)

    assert train_data.sample.lengths.tolist() == [7, 7, 7]
    for windows in (train_data.train, train_data.validation):
        assert windows.lengths.tolist() == [4, 4, 4]
        assert (
            windows.num_targets == train_data.sample.num_targets == 9
        )  # the last i0 is a repeat and no target
        assert windows.events["timestamp"].tolist() == [0, 20, 30, 60] * 3
