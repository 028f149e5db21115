"""Runs of one item, folded into one event."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.trainer.data.read import read_data
from components.trainer.data.repeated_items import edges, folded
from components.trainer.data.windows import TransformedWindows
from tests.components.trainer.worlds import PLAIN, data_settings, item, make_world, window

WINDOWS = st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=5)


def windows_of(rows: list[list[int]]) -> TransformedWindows:
    flat = np.array([row for window in rows for row in window], np.int32)
    return TransformedWindows(
        lengths=np.array([len(window) for window in rows], np.int64),
        user={"user_id": np.arange(len(rows))},
        events={
            "row": flat,
            "weight": np.zeros(len(flat), np.float32),
            "timestamp": np.arange(len(flat), dtype=np.int64),
            "event_type": np.arange(len(flat), dtype=np.int64),
        },
        padding={"row": 3, "weight": 0.0, "timestamp": -1, "event_type": -1},
    )


def test_a_run_has_the_time_of_its_first_event_and_the_type_of_its_last() -> None:
    windows = windows_of([[0, 0, 0, 1], [1, 2, 2, 0, 2]])

    runs = folded(windows, {"event_type"})

    assert runs.lengths.tolist() == [2, 4]
    assert runs.events["row"].tolist() == [0, 1, 1, 2, 0, 2]
    assert runs.events["timestamp"].tolist() == [0, 3, 4, 5, 7, 8]
    assert runs.events["event_type"].tolist() == [2, 3, 4, 6, 7, 8]
    assert runs.user is windows.user


def test_a_target_is_not_lost() -> None:
    windows = windows_of([[0, 0]])

    with pytest.raises(ValueError, match="1 targets repeat the event before them"):
        folded(replace(windows, events={**windows.events, "weight": np.ones(2)}), ())


@settings(deadline=None)
@given(WINDOWS)
def test_edges_are_those_of_a_loop(rows: list[list[int]]) -> None:
    item = np.array([row for window in rows for row in window], np.int32)
    window = np.repeat(np.arange(len(rows)), [len(window) for window in rows])

    first, last = edges(tf.constant(item), tf.constant(window))

    def same(window: list[int], one: int, other: int) -> bool:
        return one >= 0 and other < len(window) and window[one] == window[other]

    places = [(window, t) for window in rows for t in range(len(window))]
    assert first.numpy().tolist() == [not same(w, t - 1, t) for w, t in places]
    assert last.numpy().tolist() == [not same(w, t, t + 1) for w, t in places]


def test_training_learns_from_runs_and_keeps_its_sample_as_it_came(tmp_path: Path) -> None:
    settings_of_data = data_settings(PLAIN)
    items = ["i0", "i0", "i1", "i2", "i2", "i2", "i0"]
    times = [10 * place for place in range(len(items))]
    rows = [
        window(settings_of_data, f"u{n}", items, timestamp=times, value=[float(n)] * 7)
        for n in range(3)
    ]
    catalogue = [item(settings_of_data, f"i{n}") for n in range(4)]
    world = make_world(settings_of_data, rows, rows, catalogue, tmp_path)

    read = read_data(world.inputs, settings_of_data)

    assert read.sample.lengths.tolist() == [7, 7, 7]
    for windows in (read.train, read.validation):
        assert windows.lengths.tolist() == [4, 4, 4]
        assert windows.num_targets == read.sample.num_targets == 9  # the last i0 is a repeat
        assert windows.events["timestamp"].tolist() == [0, 20, 30, 60] * 3
