"""The windows that a refit and its rehearsal learn and score."""

import numpy as np
import numpy.typing as npt

from components.refit.whole_log import replayed
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from schemas.features import TIMESTAMP
from tests.components.refit.conftest import Proven


def target_times(windows: TransformedWindows) -> npt.NDArray[np.int64]:
    return np.sort(windows.events[TIMESTAMP][windows.events[WEIGHT] > 0])


def test_ids_of_later_splits_follow_those_of_split_train(changed: Proven) -> None:
    log, trained = changed.log, changed.trained
    ids = log.reader.vocabularies

    assert ids.items[: len(trained.vocabularies.items)] == trained.vocabularies.items
    assert ids.users[: len(trained.vocabularies.users)] == trained.vocabularies.users
    assert set(ids.items) - set(trained.vocabularies.items) == {b"i12"}
    assert b"t7" in ids.users
    assert log.reader.candidates.num_vocabulary == trained.candidates.num_vocabulary + 1
    # i13 has no event: it is a candidate without a row of its own
    assert list(log.reader.candidates.item_id)[-1] == b"i13"


def test_the_rehearsal_learns_no_target_that_it_scores_or_that_comes_later(
    changed: Proven,
) -> None:
    log = changed.log
    middle_s = log.middle_of_test_s()
    learned, scored = log.learned_until(middle_s), log.targets_after(middle_s)

    assert target_times(learned).max() <= middle_s < target_times(scored).min()
    every = np.concatenate([target_times(learned), target_times(scored)])
    np.testing.assert_array_equal(np.sort(every), target_times(log.later))
    halves = target_times(log.test) <= middle_s
    assert 0.4 < halves.mean() < 0.6


def test_time_dependent_features_count_the_given_targets_only(changed: Proven) -> None:
    log = changed.log
    learned = log.learned_until(log.middle_of_test_s())

    data = log.data(learned, log.train)

    rows, time_s = data.target_events
    assert data.train_end_s == time_s.max() == target_times(log.train).max()
    assert len(rows) == log.train.num_targets


def test_replayed_windows_have_about_the_number_of_targets(changed: Proven) -> None:
    train = changed.log.train
    drawn = replayed(train, 100, np.random.default_rng(0))

    assert 100 - 5 <= drawn.num_targets <= 100
    assert set(drawn.events[ROW]) <= set(train.events[ROW])
    every = replayed(train, 10**9, np.random.default_rng(0))
    assert every.num_targets == train.num_targets
