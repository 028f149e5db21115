"""Popularity baselines over the whole train split and over its last days."""

from collections import Counter

import numpy as np
import pytest

from components.evaluator.baselines.popularity import (
    days_axis,
    fit_popularity,
    fit_recent_grid,
    fit_recent_popularity,
)
from components.evaluator.columns import NO_ITEM
from schemas.events import SECONDS_PER_DAY
from tests.components.evaluator.baselines.small import NUM_ITEMS, training_events
from tests.components.evaluator.logs import event_columns

DAY = SECONDS_PER_DAY
NO_HISTORY = np.full((1, 1), NO_ITEM)


def test_popularity_counts_each_target_once() -> None:
    train = training_events()
    scores = fit_popularity(train, NUM_ITEMS).scores(np.full((2, 3), NO_ITEM))

    counts = Counter(i for i, t in zip(train.item, train.is_target, strict=True) if t)
    assert scores.tolist() == [[counts[item] for item in range(NUM_ITEMS)]] * 2


def test_recent_days_are_counted_back_from_the_last_training_event() -> None:
    events = [(0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 8 * DAY, 1), (2, 9 * DAY, 1), (2, 10 * DAY, 1)]
    train = event_columns([(0, events)])

    scores = fit_recent_popularity(train, 4, days=2).scores(NO_HISTORY)[0]

    # Item 2 has two recent events; the event of item 1 is just too old. The items without recent
    # events are ordered by their counts over the whole split.
    assert np.argsort(-scores).tolist() == [2, 0, 1, 3]
    assert len(set(scores.tolist())) == 4


@pytest.mark.parametrize(
    ("span_s", "values", "highest"),
    [
        (0, (1,), 1),
        (DAY // 2, (1,), 1),
        (3 * DAY - 1, (1, 3), 3),
        (3 * DAY, (1, 3), 4),
        (1000 * DAY, (1, 3, 10, 30, 90, 365), 1001),
    ],
)
def test_days_are_searched_up_to_the_length_of_the_train_split(
    span_s: int, values: tuple[int, ...], highest: int
) -> None:
    # The first event is not a target, so it does not extend the split.
    events = [(0, 0, 0), (0, 5000 * DAY, 1), (1, 5000 * DAY + span_s, 1)]
    train = event_columns([(0, events)])

    axis = days_axis(train)

    assert (axis.values, axis.highest) == (values, highest)
    everything = fit_recent_popularity(train, 3, highest).scores(NO_HISTORY)[0]
    popularity = fit_popularity(train, 3).scores(NO_HISTORY)[0]
    assert (
        np.argsort(everything, kind="stable").tolist()
        == np.argsort(popularity, kind="stable").tolist()
    )


def test_each_setting_of_the_grid_equals_a_separate_fit() -> None:
    train = training_events()
    fitted = list(fit_recent_grid(train, NUM_ITEMS, (3, 1)))

    assert [each.settings for each in fitted] == [{"days": 3}, {"days": 1}]
    for each, days in zip(fitted, (3, 1), strict=True):
        expected = fit_recent_popularity(train, NUM_ITEMS, days).scores(NO_HISTORY)
        assert each.baseline is not None
        assert np.array_equal(each.baseline.scores(NO_HISTORY), expected)
