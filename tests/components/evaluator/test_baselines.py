"""Baselines against naive loops over the same events."""

from collections import Counter, defaultdict
from math import sqrt

import numpy as np
import pytest

from components.evaluator.baselines.fit import fit_baselines
from components.evaluator.baselines.item_knn import fit_item_knn
from components.evaluator.baselines.markov import fit_markov
from components.evaluator.baselines.popularity import (
    SECONDS_PER_DAY,
    fit_popularity,
    fit_recent_popularity,
)
from components.evaluator.columns import NO_ITEM, EventColumns, recent_items
from schemas.errors import InputError
from schemas.metrics import BASELINES
from tests.components.evaluator.logs import event_columns

NUM_ITEMS = 12
# Above what orders ties, below what tells scores apart here.
TIES = 2e-6


@pytest.fixture(scope="module")
def train() -> EventColumns:
    """40 users; windows of up to 6 events that overlap, and views that are no targets."""
    generator = np.random.default_rng(11)
    windows = []
    for user in range(40):
        length = int(generator.integers(1, 15))
        items = generator.integers(0, NUM_ITEMS, length).tolist()
        targets = (generator.random(length) < 0.7).astype(int).tolist()
        for first in range(0, length, 4):
            window = [
                (items[n], 100 * n, targets[n] if n >= first else 0)
                for n in range(max(0, first - 2), min(first + 4, length))
            ]
            windows.append((user, window))
    return event_columns(windows)


@pytest.fixture(scope="module")
def history() -> np.ndarray:
    generator = np.random.default_rng(12)
    history = generator.integers(0, NUM_ITEMS, (30, 8))
    lengths = generator.integers(0, 9, 30)
    history[np.arange(8) >= lengths[:, None]] = NO_ITEM
    history[0] = NO_ITEM
    return history


def test_popularity_counts_each_target_once(train: EventColumns) -> None:
    scores = fit_popularity(train, NUM_ITEMS).scores(np.full((2, 3), NO_ITEM))

    counts = Counter(i for i, t in zip(train.item, train.is_target, strict=True) if t)
    assert scores.tolist() == [[counts[item] for item in range(NUM_ITEMS)]] * 2


def test_recent_popularity_looks_back_from_the_last_training_event() -> None:
    day = SECONDS_PER_DAY
    events = [(0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 8 * day, 1), (2, 9 * day, 1), (2, 10 * day, 1)]

    scores = fit_recent_popularity(event_columns([(0, events)]), 4, recent_days=2).scores(
        np.full((1, 1), NO_ITEM)
    )[0]

    # Two recent events of item 2; none of item 1 (just outside), 0 or 3: ordered by all time.
    assert np.argsort(-scores).tolist() == [2, 0, 1, 3]
    assert len(set(scores.tolist())) == 4


def naive_knn(train: EventColumns, num_neighbours: int) -> np.ndarray:
    users = defaultdict(set)
    for user, item, is_target in zip(train.user, train.item, train.is_target, strict=True):
        if is_target:
            users[int(item)].add(int(user))
    similarity = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for i in range(NUM_ITEMS):
        cosines = {
            j: len(users[i] & users[j]) / sqrt(len(users[i]) * len(users[j]))
            for j in range(NUM_ITEMS)
            if j != i and users[i] & users[j]
        }
        for j in sorted(cosines, key=lambda j: (-round(cosines[j], 9), j))[:num_neighbours]:
            similarity[i, j] = cosines[j]
    return similarity


@pytest.mark.parametrize("num_neighbours", [3, 100])
def test_item_knn_matches_naive_loops(
    train: EventColumns, history: np.ndarray, num_neighbours: int
) -> None:
    similarity = naive_knn(train, num_neighbours)
    expected = [
        sum((similarity[item] for item in set(row.tolist()) - {NO_ITEM}), np.zeros(NUM_ITEMS))
        for row in history
    ]

    scores = fit_item_knn(train, NUM_ITEMS, num_neighbours).scores(history)

    np.testing.assert_allclose(scores, expected, atol=TIES)


def test_markov_matches_naive_loops(train: EventColumns, history: np.ndarray) -> None:
    window, decay = 3, 0.5
    counts = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for first, last in zip(train.offsets[:-1], train.offsets[1:], strict=True):
        for later in range(first, last):
            for earlier in range(max(first, later - window), later):
                if train.is_target[later]:
                    weight = decay ** (later - earlier - 1)
                    counts[train.item[earlier], train.item[later]] += weight
    transitions = counts / counts.sum(axis=1, keepdims=True)
    expected = [
        sum(
            (decay**lag * transitions[item] for lag, item in enumerate(row[:window]) if item >= 0),
            np.zeros(NUM_ITEMS),
        )
        for row in history
    ]

    scores = fit_markov(train, NUM_ITEMS, window, decay).scores(history)

    np.testing.assert_allclose(scores, expected, atol=TIES)


@pytest.mark.parametrize("name", ["item_knn", "markov", "recent_popularity"])
def test_without_history_the_order_is_popularity(train: EventColumns, name: str) -> None:
    fitted = fit_baselines(train, NUM_ITEMS, recent_days=1e6)

    empty = np.full((1, 5), NO_ITEM)
    popularity = fitted["popularity"].scores(empty)[0]
    scores = fitted[name].scores(empty)[0]
    assert np.array_equal(
        np.argsort(-scores, kind="stable"), np.argsort(-popularity, kind="stable")
    )
    for item in range(NUM_ITEMS):
        assert ((scores == scores[item]) == (popularity == popularity[item])).all()


def test_every_baseline_scores_the_whole_catalogue_in_float32(
    train: EventColumns, history: np.ndarray
) -> None:
    fitted = fit_baselines(train, NUM_ITEMS + 1, recent_days=30)

    assert tuple(fitted) == BASELINES
    for baseline in fitted.values():
        scores = baseline.scores(history)
        assert scores.shape == (len(history), NUM_ITEMS + 1)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()


def test_one_user_and_one_item() -> None:
    fitted = fit_baselines(event_columns([(0, [(0, 1, 1)])]), 1, recent_days=30)

    for baseline in fitted.values():
        assert baseline.scores(np.array([[0], [NO_ITEM]])).shape == (2, 1)


def test_empty_train_split_says_so() -> None:
    with pytest.raises(InputError, match="train split has no target event"):
        fit_baselines(event_columns([]), 3, recent_days=30)


def test_recent_items_come_newest_first_and_stay_in_their_window() -> None:
    events = event_columns([(0, [(5, 1, 1), (6, 2, 1), (7, 3, 1)]), (1, [(8, 1, 1), (9, 2, 1)])])

    assert recent_items(events, np.array([2, 0, 4]), width=3).tolist() == [
        [6, 5, NO_ITEM],
        [NO_ITEM, NO_ITEM, NO_ITEM],
        [8, NO_ITEM, NO_ITEM],
    ]
    assert recent_items(events, np.array([2]), width=1).tolist() == [[6]]
