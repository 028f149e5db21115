"""The oracle: targets, ranking and recall."""

import numpy as np
import pytest

from pipeline.demo.choice_model import NUM_RECENT
from pipeline.demo.oracle import (
    first_interactions,
    held_out_targets,
    mean_over_users,
    oracle_recall,
    ranking,
    split_time_ms,
    target_rank,
)
from pipeline.demo.simulate import VIEW, EventLog
from pipeline.demo.world import DemoWorld


def test_oracle_beats_popularity_clearly(small_world: DemoWorld, small_log: EventLog) -> None:
    targets = held_out_targets(small_log, 600)
    first = first_interactions(small_log)
    train = first[small_log.timestamp_ms[first] < split_time_ms(small_log, 0.1)]
    count = np.bincount(small_log.item[train], minlength=600)
    score = np.where(targets.situations.seen, -1, count).astype(np.float32)
    popularity = mean_over_users(target_rank(score, targets.item) < 10, targets.situations.user)
    assert oracle_recall(small_world, targets) > 2 * popularity


def test_targets_are_the_last_views_with_their_history(small_log: EventLog) -> None:
    targets = held_out_targets(small_log, 600, test_fraction=0.1)
    start_ms = split_time_ms(small_log, 0.1)
    held_out = (small_log.timestamp_ms >= start_ms) & (small_log.event_type == VIEW)
    assert len(targets.item) == held_out.sum()
    now = targets.situations
    for row in range(0, len(targets.item), 17):
        earlier = (small_log.user == now.user[row]) & (
            small_log.timestamp_ms < now.timestamp_ms[row]
        )
        views = small_log.item[earlier & (small_log.event_type == VIEW)]
        assert set(np.flatnonzero(now.seen[row])) == set(views)
        newest = views[::-1][:NUM_RECENT]
        assert list(now.recent[row]) == [*newest, *[-1] * (NUM_RECENT - len(newest))]
        assert targets.item[row] not in views


def test_ranking_agrees_with_recall(small_world: DemoWorld, small_log: EventLog) -> None:
    targets = held_out_targets(small_log, 600)
    top = ranking(small_world, targets.situations, 10)
    hit = (top == targets.item[:, None]).any(axis=1)
    recall = mean_over_users(hit, targets.situations.user)
    assert recall == pytest.approx(oracle_recall(small_world, targets, 10))


def test_ties_are_ranked_before_the_target() -> None:
    score = np.array([[0.5, 0.5, 0.1], [0.1, 0.7, 0.2]], dtype=np.float32)
    assert target_rank(score, np.array([0, 1])).tolist() == [1, 0]


def test_users_have_equal_weight() -> None:
    hit, user = np.array([True, False, False, True]), np.array([5, 5, 5, 9])
    assert mean_over_users(hit, user) == pytest.approx((1 / 3 + 1) / 2)


def test_no_target_and_a_bad_fraction_are_errors(small_log: EventLog) -> None:
    with pytest.raises(ValueError, match="no targets"):
        mean_over_users(np.array([], dtype=bool), np.array([], dtype=np.int64))
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_time_ms(small_log, 1.0)
