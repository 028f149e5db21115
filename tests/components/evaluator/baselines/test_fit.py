"""All baselines together: what they have in common, and what they are fitted on."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from components.evaluator.baselines import ease
from components.evaluator.baselines.baseline import Baseline, Fitted
from components.evaluator.baselines.choose import Choice, Default, choice_on_eval
from components.evaluator.baselines.ease import fit_ease_grid
from components.evaluator.baselines.fit import fit_baselines
from components.evaluator.baselines.item_knn import LastItem, fit_item_knn
from components.evaluator.baselines.markov import MarkovSetting, fit_markov_grid
from components.evaluator.baselines.popularity import fit_popularity, fit_recent_popularity
from components.evaluator.columns import NO_ITEM, EventColumns
from schemas.errors import InputError
from schemas.metrics import BASELINES
from tests.components.evaluator.baselines.small import NUM_ITEMS, histories, training_events
from tests.components.evaluator.logs import event_columns

DEFAULTS = Default("a test")


def eval_events(seed: int) -> EventColumns:
    """One later event of each training user, and of some that are new."""
    items = np.random.default_rng(seed).integers(0, NUM_ITEMS, (60, 2)).tolist()
    return event_columns(
        (user, [(before, 1, 0), (item, 9999, 1)]) for user, (before, item) in enumerate(items)
    )


def chosen_on(seed: int) -> Choice:
    splits = {
        "train": training_events(),
        "eval": eval_events(seed),
        "test": event_columns([]),
    }
    return choice_on_eval(splits, NUM_ITEMS, exclude_seen=False, max_history=8, seed=1)


def baselines(train: EventColumns, num_items: int = NUM_ITEMS) -> dict[str, Baseline]:
    fitted = dict(fit_baselines(train, num_items, DEFAULTS))
    assert all(each.baseline is not None for each in fitted.values())
    return {name: each.baseline for name, each in fitted.items() if each.baseline is not None}


def only(fitted: Iterator[Fitted]) -> Baseline:
    (each,) = fitted
    assert each.baseline is not None
    return each.baseline


# Each baseline again from the train split and its settings alone.
REFIT: dict[str, Callable[[EventColumns, dict], Baseline]] = {
    "popularity": lambda train, _: fit_popularity(train, NUM_ITEMS),
    "recent_popularity": lambda train, told: fit_recent_popularity(train, NUM_ITEMS, told["days"]),
    "item_knn": lambda train, told: fit_item_knn(train, NUM_ITEMS, told["neighbours"]),
    "last_item": lambda train, told: LastItem(fit_item_knn(train, NUM_ITEMS, told["neighbours"])),
    "markov": lambda train, told: only(
        fit_markov_grid(train, NUM_ITEMS, [MarkovSetting(told["window"], told["decay"])])
    ),
    "ease": lambda train, told: only(fit_ease_grid(train, NUM_ITEMS, [told["regularisation"]])),
}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_eval_split_decides_on_settings_and_on_nothing_else(seed: int) -> None:
    train = training_events()

    for name, fitted in fit_baselines(train, NUM_ITEMS, chosen_on(seed)):
        assert fitted.baseline is not None
        again = REFIT[name](train, fitted.settings)
        assert np.array_equal(fitted.baseline.scores(histories()), again.scores(histories())), name


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "markov"])
def test_events_that_are_no_targets_teach_nothing(name: str) -> None:
    train = training_events()
    changed = replace(train, item=np.where(train.is_target, train.item, 0))
    assert not np.array_equal(train.item, changed.item)

    expected = baselines(train)[name].scores(histories())

    assert np.array_equal(baselines(changed)[name].scores(histories()), expected)


def test_names_and_settings_are_what_the_evaluation_tells() -> None:
    told = {name: each.settings for name, each in fit_baselines(
        training_events(), NUM_ITEMS, chosen_on(1)
    )}  # fmt: skip

    how = {"eval_recall@10", "chosen_among"}
    assert tuple(told) == BASELINES
    assert {name: set(settings) for name, settings in told.items()} == {
        "popularity": set(),
        "recent_popularity": {"days"} | how,
        "item_knn": {"neighbours"} | how,
        "last_item": {"neighbours"},
        "markov": {"window", "decay"} | how,
        "ease": {"regularisation"} | how,
    }
    assert told["markov"]["chosen_among"] == 1 + 3 * 3


def test_defaults_are_on_their_grids_and_say_why_they_were_taken() -> None:
    day = 86_400
    train = event_columns([(0, [(0, 0, 1), (1, 100 * day, 1)])])
    told = {name: each.settings for name, each in fit_baselines(train, 2, DEFAULTS)}

    why = {"not_chosen": "a test"}
    assert told == {
        "popularity": {},
        "recent_popularity": {"days": 30, **why},
        "item_knn": {"neighbours": 100, **why},
        "last_item": {"neighbours": 100},
        "markov": {"window": 10, "decay": 0.8, **why},
        "ease": {"regularisation": 200.0, **why},
    }


def test_ease_that_is_left_out_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def too_large(train: EventColumns, num_items: int, grid: object) -> Iterator[Fitted]:
        return fit_ease_grid(train, num_items, (1.0,), max_bytes=1)

    monkeypatch.setattr(ease, "fit_ease_grid", too_large)

    fitted = dict(fit_baselines(training_events(), NUM_ITEMS, chosen_on(1)))["ease"]

    assert fitted.baseline is None
    assert str(fitted.settings["left_out"]) in caplog.text


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "popularity"])
def test_without_history_the_order_is_popularity(name: str) -> None:
    # All training events lie within a day, so that recent popularity is popularity.
    fitted = baselines(training_events())

    empty = np.full((1, 5), NO_ITEM)
    popularity = fitted["popularity"].scores(empty)[0]
    scores = fitted[name].scores(empty)[0]
    assert np.array_equal(
        np.argsort(-scores, kind="stable"), np.argsort(-popularity, kind="stable")
    )
    for item in range(NUM_ITEMS):
        assert ((scores == scores[item]) == (popularity == popularity[item])).all()


def test_every_baseline_scores_the_whole_catalogue_in_float64() -> None:
    for baseline in baselines(training_events(), NUM_ITEMS + 1).values():
        scores = baseline.scores(histories())
        assert scores.shape == (len(histories()), NUM_ITEMS + 1)
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()


def test_one_user_and_one_item() -> None:
    for baseline in baselines(event_columns([(0, [(0, 1, 1)])]), 1).values():
        assert baseline.scores(np.array([[0], [NO_ITEM]])).shape == (2, 1)


def test_empty_train_split_says_so_before_anything_is_fitted() -> None:
    with pytest.raises(InputError, match="train split has no target event"):
        fit_baselines(event_columns([]), 3, DEFAULTS)
