"""Properties that all baselines have in common."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from components.evaluator.baselines import ease
from components.evaluator.baselines.baseline import Baseline, FittedBaseline
from components.evaluator.baselines.counted_events import counted_events
from components.evaluator.baselines.ease import fit_ease_grid
from components.evaluator.baselines.fit import fit_baselines
from components.evaluator.baselines.item_knn import LastItem, fit_item_knn
from components.evaluator.baselines.markov import MarkovSetting, fit_markov_grid
from components.evaluator.baselines.popularity import (
    fit_popularity,
    fit_recent_popularity,
    tie_break,
)
from components.evaluator.baselines.select_settings import (
    DefaultSetting,
    SettingSelector,
    selector_on_eval_split,
)
from components.evaluator.columns import NO_ITEM, EventColumns
from schemas.errors import InputError
from schemas.metrics import BASELINES
from tests.components.evaluator.baselines.small import NUM_ITEMS, histories, training_events
from tests.components.evaluator.logs import event_columns

HISTORY_BASELINES = ("item_knn", "last_item", "markov", "ease")
DEFAULTS = DefaultSetting("a test")
MAX_HISTORY = 8


def eval_events(seed: int) -> EventColumns:
    """Generates one later event of each training user, and of some new users."""
    items = np.random.default_rng(seed).integers(0, NUM_ITEMS, (60, 2)).tolist()
    return event_columns(
        (user, [(before, 1, 0), (item, 9999, 1)]) for user, (before, item) in enumerate(items)
    )


def chosen_on(seed: int) -> SettingSelector:
    splits = {
        "train": training_events(),
        "eval": eval_events(seed),
        "test": event_columns([]),
    }
    return selector_on_eval_split(splits, NUM_ITEMS, exclude_seen=False, max_history=8, seed=1)


def baselines(
    train: EventColumns, num_items: int = NUM_ITEMS, selector: SettingSelector = DEFAULTS
) -> dict[str, Baseline]:
    all_fitted = dict(fit_baselines(train, num_items, MAX_HISTORY, selector))
    assert all(fitted.baseline is not None for fitted in all_fitted.values())
    return {
        name: fitted.baseline for name, fitted in all_fitted.items() if fitted.baseline is not None
    }


def single_baseline(all_fitted: Iterator[FittedBaseline]) -> Baseline:
    (fitted,) = all_fitted
    assert fitted.baseline is not None
    return fitted.baseline


def fallback_ties(train: EventColumns, settings: dict[str, Any]) -> npt.NDArray[np.float64]:
    days = settings["fallback_days"]
    return tie_break(fit_recent_popularity(train, NUM_ITEMS, days).weights)


# Fits each baseline from the train split and its settings.
REFIT: dict[str, Callable[[EventColumns, dict[str, Any]], Baseline]] = {
    "popularity": lambda train, _: fit_popularity(train, NUM_ITEMS),
    "recent_popularity": lambda train, settings: fit_recent_popularity(
        train, NUM_ITEMS, settings["days"]
    ),
    "item_knn": lambda train, settings: fit_item_knn(
        train, fallback_ties(train, settings), settings["neighbours"]
    ),
    "last_item": lambda train, settings: LastItem(
        fit_item_knn(train, fallback_ties(train, settings), settings["neighbours"])
    ),
    "markov": lambda train, settings: single_baseline(
        fit_markov_grid(
            train,
            fallback_ties(train, settings),
            [MarkovSetting(settings["window"], settings["decay"])],
        )
    ),
    "ease": lambda train, settings: single_baseline(
        fit_ease_grid(train, fallback_ties(train, settings), [settings["regularisation"]])
    ),
}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_eval_split_determines_only_the_settings(seed: int) -> None:
    train = training_events()

    for name, fitted in fit_baselines(train, NUM_ITEMS, MAX_HISTORY, chosen_on(seed)):
        assert fitted.baseline is not None
        refitted = REFIT[name](train, fitted.settings)
        assert np.array_equal(fitted.baseline.scores(histories()), refitted.scores(histories())), (
            name
        )


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "markov"])
def test_events_that_are_not_targets_do_not_change_the_scores(name: str) -> None:
    train = training_events()
    changed = replace(train, item=np.where(train.is_target, train.item, 0))
    assert not np.array_equal(train.item, changed.item)

    expected = baselines(train)[name].scores(histories())

    assert np.array_equal(baselines(changed)[name].scores(histories()), expected)


def test_names_and_settings_of_all_baselines() -> None:
    settings_of = {name: fitted.settings for name, fitted in fit_baselines(
        training_events(), NUM_ITEMS, MAX_HISTORY, chosen_on(1)
    )}  # fmt: skip

    selection = {"eval_recall@10", "eval_users", "chosen_among", "searched"}
    fallback = {f"fallback_{name}" for name in ("days", "eval_mrr", "eval_users", "chosen_among")}
    assert tuple(settings_of) == BASELINES
    optional = {"extended", "at_edge", "fallback_at_edge"}
    assert {name: set(settings) - optional for name, settings in settings_of.items()} == {
        "popularity": set(),
        "recent_popularity": {"days"} | selection,
        "item_knn": {"neighbours"} | selection | fallback,
        "last_item": {"neighbours"} | selection | fallback,
        "markov": {"window", "decay"} | selection | fallback,
        "ease": {"regularisation"} | selection | fallback,
    }
    assert len({settings_of[name]["fallback_days"] for name in HISTORY_BASELINES}) == 1


def test_default_settings_include_the_reason_for_their_use() -> None:
    day = 86_400
    train = event_columns([(0, [(0, 0, 1), (1, 100 * day, 1)])])
    all_fitted = fit_baselines(train, 200, 50, DEFAULTS)
    settings_of = {name: fitted.settings for name, fitted in all_fitted}

    reason = {"not_chosen": "a test"}
    fallback = {"fallback_days": 101, "fallback_not_chosen": "a test"}
    assert settings_of == {
        "popularity": {},
        "recent_popularity": {"days": 30, **reason},
        "item_knn": {"neighbours": 100, **reason, **fallback},
        "last_item": {"neighbours": 100, **reason, **fallback},
        "markov": {"window": 10, "decay": 0.8, **reason, **fallback},
        "ease": {"regularisation": 200.0, **reason, **fallback},
    }


def test_a_warning_is_logged_if_ease_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def too_large(
        train: EventColumns, ties: npt.NDArray[np.float64], grid: object
    ) -> Iterator[FittedBaseline]:
        return fit_ease_grid(train, ties, (1.0,), max_bytes=1)

    monkeypatch.setattr(ease, "fit_ease_grid", too_large)

    all_fitted = fit_baselines(training_events(), NUM_ITEMS, MAX_HISTORY, chosen_on(1))
    fitted = dict(all_fitted)["ease"]

    assert fitted.baseline is None
    assert str(fitted.settings["left_out"]) in caplog.text


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "popularity"])
def test_without_history_items_are_ordered_by_popularity(name: str) -> None:
    # All training events are within a day, so recent popularity equals popularity.
    fitted = baselines(training_events())

    empty = np.full((1, 5), NO_ITEM)
    popularity = fitted["popularity"].scores(empty)[0]
    scores = fitted[name].scores(empty)[0]
    assert np.array_equal(
        np.argsort(-scores, kind="stable"), np.argsort(-popularity, kind="stable")
    )
    for item in range(NUM_ITEMS):
        assert ((scores == scores[item]) == (popularity == popularity[item])).all()


def test_users_without_history_get_the_popularity_that_is_best_for_such_users() -> None:
    """New users begin with the items of the last day, others go on with items of all times."""
    day = 86_400
    often = [(user, [(0, user * day // 8, 1)]) for user in range(400)]
    recent = [(400 + user, [(2, 50 * day, 1), (3, 50 * day + 1, 1)]) for user in range(30)]
    train = event_columns(often + recent)
    new = [(500 + user, [(2, 51 * day, 1)]) for user in range(25)]
    known = [(user, [(1, user, 0), (0, 51 * day, 1)]) for user in range(200)]
    splits = {"train": train, "eval": event_columns(new + known), "test": event_columns([])}
    selector = selector_on_eval_split(
        splits, 5, exclude_seen=False, max_history=8, seed=1, metric="recall@1", cutoffs=(1,)
    )

    fitted = dict(fit_baselines(train, 5, MAX_HISTORY, selector))

    for name in HISTORY_BASELINES:
        baseline, settings = fitted[name].baseline, fitted[name].settings
        assert baseline is not None
        assert baseline.scores(np.full((1, 3), NO_ITEM))[0].argmax() == 2
        assert float(settings["fallback_days"]) < 4
        assert settings["fallback_eval_users"] == 25
    assert float(fitted["recent_popularity"].settings["days"]) > 4


def test_markov_learns_transitions_between_items_with_several_events_each() -> None:
    """Each item is viewed, liked and bought; the next item follows. Repeats are excluded."""
    generator = np.random.default_rng(3)
    num_items = 30

    def walk(start: int, first_target: int, length: int) -> list[tuple[int, int, int]]:
        return [
            ((start + n) % num_items, 10 * n + event, int(n >= first_target))
            for n in range(length)
            for event in range(3)
        ]

    starts = generator.integers(0, num_items, 80).tolist()
    train = [(user, walk(start, 0, 6)) for user, start in enumerate(starts)]
    held_out = [(user, walk(start, 6, 8)) for user, start in enumerate(starts)]
    splits = {
        "train": event_columns(train),
        "eval": event_columns(held_out),
        "test": event_columns([]),
    }
    selector = selector_on_eval_split(
        splits,
        num_items,
        exclude_seen=True,
        max_history=20,
        seed=1,
        metric="recall@1",
        cutoffs=(1,),
    )

    counted = counted_events(splits, exclude_seen=True)
    fitted = dict(fit_baselines(counted, num_items, 20, selector))["markov"]

    assert fitted.settings["eval_recall@1"] == 1.0
    assert counted.is_target.sum() == 80 * 6


def test_every_baseline_scores_the_whole_catalogue_in_float64() -> None:
    for baseline in baselines(training_events(), NUM_ITEMS + 1).values():
        scores = baseline.scores(histories())
        assert scores.shape == (len(histories()), NUM_ITEMS + 1)
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()


def test_one_user_and_one_item() -> None:
    for baseline in baselines(event_columns([(0, [(0, 1, 1)])]), 1).values():
        assert baseline.scores(np.array([[0], [NO_ITEM]])).shape == (2, 1)


def test_an_empty_train_split_raises_an_error_before_any_fit() -> None:
    with pytest.raises(InputError, match="train split has no target event"):
        fit_baselines(event_columns([]), 3, MAX_HISTORY, DEFAULTS)
