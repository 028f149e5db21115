"""The windowed Markov baseline compared with naive loops."""

import numpy as np
import numpy.typing as npt
import pytest

from components.evaluator.baselines import markov
from components.evaluator.baselines.markov import MarkovSetting, fit_markov_grid
from tests.components.evaluator.baselines.small import (
    NUM_ITEMS,
    TIES,
    histories,
    popularity_ties,
    training_events,
)
from tests.components.evaluator.logs import event_columns

# Not sorted, and not a full product of windows and decays.
GRID = [
    MarkovSetting(3, 0.5),
    MarkovSetting(1, 1.0),
    MarkovSetting(5, 0.9),
    MarkovSetting(3, 0.9),
    MarkovSetting(9, 0.5),
]


def naive_scores(window: int, decay: float) -> npt.NDArray[np.float64]:
    train = training_events()
    counts = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for first, last in zip(train.offsets[:-1], train.offsets[1:], strict=True):
        for later in range(first, last):
            for earlier in range(max(first, later - window), later):
                if train.is_target[later]:
                    weight = decay ** (later - earlier - 1)
                    counts[train.item[earlier], train.item[later]] += weight
    transitions = counts / counts.sum(axis=1, keepdims=True)
    return np.array(
        [
            sum(
                (decay**lag * transitions[i] for lag, i in enumerate(row[:window]) if i >= 0),
                np.zeros(NUM_ITEMS),
            )
            for row in histories()
        ]
    )


@pytest.mark.parametrize("pairs_per_chunk", [1, 2**22])
def test_each_setting_of_a_grid_matches_naive_loops(
    pairs_per_chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markov, "_PAIRS_PER_CHUNK", pairs_per_chunk)
    train = training_events()
    fitted = list(fit_markov_grid(train, popularity_ties(train), GRID))

    settings = [(each.settings["window"], each.settings["decay"]) for each in fitted]
    assert sorted(settings) == sorted((each.window, each.decay) for each in GRID)
    for each, (window, decay) in zip(fitted, settings, strict=True):
        assert each.baseline is not None
        expected = naive_scores(int(window), float(decay))
        np.testing.assert_allclose(each.baseline.scores(histories()), expected, atol=TIES)


@pytest.mark.parametrize("window", [1, 3])
def test_an_item_without_transitions_falls_back_to_popularity(window: int) -> None:
    train = training_events()
    ties = popularity_ties(train, NUM_ITEMS + 1)
    (fitted,) = fit_markov_grid(train, ties, [MarkovSetting(window, 0.8)])

    assert fitted.baseline is not None
    unknown, empty = fitted.baseline.scores(np.array([[NUM_ITEMS], [-1]]))
    assert np.array_equal(unknown, empty)
    counts = np.bincount(training_events().item[training_events().is_target])
    assert empty.argmax() == counts.argmax()


def test_popularity_orders_equal_transitions_even_if_counts_are_close() -> None:
    # Items 1 and 2 follow item 0 once each; item 2 has one more event than item 1.
    often = [(10 + n, [(3, n, 1)]) for n in range(2_000)]
    train = event_columns(
        [(0, [(0, 1, 1), (1, 2, 1)]), (1, [(0, 1, 1), (2, 2, 1)]), (2, [(2, 1, 1)]), *often]
    )
    (fitted,) = fit_markov_grid(train, popularity_ties(train, 4), [MarkovSetting(1, 1.0)])

    assert fitted.baseline is not None
    scores = fitted.baseline.scores(np.array([[0]]))[0]
    assert scores[1] == pytest.approx(1 / 2, abs=TIES)
    assert scores[2] > scores[1]
