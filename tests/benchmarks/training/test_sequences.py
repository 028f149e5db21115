"""Logs, windows and metrics that the programs of the benchmark of training share."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.training.measurement import StepClock, recall_of
from benchmarks.training.sequences import SequenceLog, generate, load, read_pairs
from benchmarks.training.tutorial import histories
from benchmarks.training.twotower import held_out_windows, windows_of
from components.trainer.data.windows import ROW, WEIGHT
from schemas.features import TIMESTAMP

LOG = generate(num_users=40, num_items=300, mean_events=40)
TWO_USERS = SequenceLog(np.array([2, 0, 1, 1, 3]), np.array([3, 2]), num_items=4)


def test_a_generated_log_has_the_sizes_and_no_item_twice() -> None:
    assert LOG.num_items == 300
    assert len(LOG.lengths) == 40
    assert 30 <= LOG.lengths.mean() <= 45
    for start, end in zip(LOG.starts, LOG.ends, strict=True):
        assert len(np.unique(LOG.items[start : end + 1])) == end + 1 - start


def test_a_log_is_read_back(tmp_path: Path) -> None:
    LOG.save(tmp_path / "log.npz")

    log = load(tmp_path / "log.npz")

    assert (log.items == LOG.items).all()
    assert (log.lengths == LOG.lengths).all()
    assert log.num_items == LOG.num_items


def test_a_file_of_pairs_keeps_the_order_of_each_user(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("7 30\n9 20\n7 10\n8 10\n7 20\n9 40\n", encoding="utf-8")

    log = read_pairs(path)

    assert log.items.tolist() == [2, 0, 1, 1, 3]
    assert log.lengths.tolist() == [3, 2]  # user 8 has one event


def test_a_line_that_is_no_pair_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("1 2\n1 2 3\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"log.txt, line 2: expected `user item`"):
        read_pairs(path)


@pytest.mark.parametrize("history", [0, 1, 8, 500])
def test_every_kept_event_is_a_target_once_with_half_the_history(history: int) -> None:
    windows = windows_of(LOG, history)

    position = windows.events[TIMESTAMP]
    is_target = windows.events[WEIGHT] > 0
    kept = np.setdiff1d(np.arange(len(LOG.items)), LOG.ends)
    assert np.sort(position[is_target]).tolist() == kept.tolist()
    assert (windows.events[ROW] == LOG.items[position]).all()
    user = np.repeat(np.arange(len(LOG.lengths)), LOG.lengths)
    window = np.repeat(np.arange(len(windows)), windows.lengths)
    assert (user[position] == windows.user["user_id"][window]).all()
    first = (np.cumsum(windows.lengths) - windows.lengths)[window]
    num_past = np.minimum(position - LOG.starts[user[position]], history // 2)
    assert (np.arange(len(position)) - first >= num_past)[is_target].all()


def test_a_held_out_event_has_the_whole_history() -> None:
    windows = held_out_windows(TWO_USERS, history=1)

    assert windows.lengths.tolist() == [2, 2]
    assert windows.events[ROW].tolist() == [0, 1, 1, 3]
    assert windows.events[WEIGHT].tolist() == [0.0, 1.0, 0.0, 1.0]


def test_histories_of_the_tutorial_end_before_the_target() -> None:
    result = histories(TWO_USERS, tf.constant(TWO_USERS.ends), history=3)

    assert result.numpy().tolist() == [[4, 2, 0], [4, 4, 1]]


def test_recall_ranks_all_items_that_were_not_seen() -> None:
    num_items = 12
    log = SequenceLog(np.array([0, 11, 0, 10]), np.array([2, 2]), num_items)
    scores = np.arange(num_items, 0, -1, dtype=np.float32)  # item 0, which was seen, is the first

    # Item 10 is the tenth of the items that were not seen, and item 11 the eleventh.
    assert recall_of(log, np.ones((2, 1), np.float32), scores[:, np.newaxis]) == 0.5
    # Ties count against the target.
    assert recall_of(log, np.ones((2, 1), np.float32), np.ones((num_items, 1), np.float32)) == 0.0
    # Embeddings of a training that diverged find nothing.
    assert recall_of(log, np.ones((2, 1), np.float32), np.full((num_items, 1), np.nan)) == 0.0


def test_the_speed_leaves_out_the_first_steps() -> None:
    clock = StepClock(seconds=100.0, started=0.0, ends=[10.0, 25.0, 40.0, 60.0], targets=[10.0] * 4)

    assert clock.targets_per_second == pytest.approx(20.0 / 35.0)
