"""Selection of baseline settings on the eval split, on logs whose best setting is known."""

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import FittedBaseline, Point, Tunable
from components.evaluator.baselines.markov import MarkovSetting, fit_markov_grid
from components.evaluator.baselines.popularity import Popularity, days_axis, fit_recent_grid
from components.evaluator.baselines.select_settings import (
    BestOnEval,
    DefaultSetting,
    SettingSelector,
    selector_on_eval_split,
)
from components.evaluator.columns import NO_ITEM, EventColumns
from schemas.events import SECONDS_PER_DAY
from tests.components.evaluator.baselines.small import popularity_ties
from tests.components.evaluator.logs import event_columns

DAY = SECONDS_PER_DAY
NUMBERS = Axis("number", (0,), 0, 0, is_integer=True)
# How one of two numbers is described.
TWO = {"searched": "number 0 to 1"}
SMALLEST = {"at_edge": "number 0 is the smallest value"}
CHOSEN = {"eval_users": 1, "chosen_among": 2, **TWO}
LARGEST = {"at_edge": "number 1 is the largest value"}


def selector_on(
    train: EventColumns, held_out: EventColumns, num_items: int, **changes: object
) -> SettingSelector:
    splits = {"train": train, "eval": held_out, "test": event_columns([])}
    arguments: dict[str, Any] = {"exclude_seen": True, "max_history": 20, "seed": 3, **changes}
    return selector_on_eval_split(splits, num_items, **arguments)


def constants(*scores: Sequence[float], default: int = 0) -> Tunable:
    """Baselines that give the same scores to every query; `number` selects one of them."""

    def fit(points: Sequence[Point]) -> Iterator[FittedBaseline]:
        for (number,) in points:
            weights = np.array(scores[int(number)], np.float64)
            yield FittedBaseline(Popularity(weights), {"number": number})

    return Tunable((numbers(len(scores)),), (default,), fit)


def numbers(count: int) -> Axis:
    """An axis with `count` numbers from 0 that is neither extended nor refined."""
    return replace(NUMBERS, values=tuple(range(count)), highest=count - 1)


@pytest.fixture
def one_query() -> SettingSelector:
    """Five items; a user with item 0 in the history has the target item 2."""
    return selector_on(
        event_columns([(0, [(0, 1, 1)])]), event_columns([(0, [(0, 1, 0), (2, 2, 1)])]), 5,
        metric="mrr",
    )  # fmt: skip


def test_the_setting_with_the_best_metric_is_selected_with_its_value(
    one_query: SettingSelector,
) -> None:
    tunable = constants((9, 5, 1, 0, 0), (9, 5, 3, 4, 0), (9, 8, 7, 0, 0))

    selected = one_query.select(tunable)

    # Ranks 2, 3 and 2 among the unseen items: the first one of the two tied settings.
    assert selected.settings == {
        "number": 0,
        "eval_mrr": 1 / 2,
        "eval_users": 1,
        "chosen_among": 3,
        "searched": "number 0 to 2",
        **SMALLEST,
    }
    assert selected.baseline is not None
    assert selected.baseline.scores(np.zeros((1, 1), int)).tolist() == [[9, 5, 1, 0, 0]]


@pytest.mark.parametrize(
    ("num_items", "metric", "selected"),
    [
        (12, "recall@10", {"number": 0, "eval_recall@10": 1.0, **CHOSEN, **SMALLEST}),
        (10, "recall@10", {"number": 1, "eval_mrr": 1.0, **CHOSEN, **LARGEST}),
        (10, "hit_rate@10", {"number": 1, "eval_mrr": 1.0, **CHOSEN, **LARGEST}),
        (2, "mrr", {"number": 0, "not_chosen": "every candidate of the queries of the eval split "
                    "is relevant"}),
    ],
    ids=["decides", "ten candidates", "hit rate", "one candidate"],
)  # fmt: skip
def test_a_metric_that_cannot_compare_settings_is_replaced(
    num_items: int, metric: str, selected: dict[str, object]
) -> None:
    """A user with item 0 in the history has the target item 1; setting 1 ranks it first."""
    train = event_columns([(0, [(0, 1, 1)])])
    held_out = event_columns([(0, [(0, 1, 0), (1, 2, 1)])])
    grid = [tuple(float(n != 1) for n in range(num_items)), (0.0, 1.0, *[0.0] * (num_items - 2))]
    if num_items == 12:
        grid[0] = (0.0, 1.0, 2.0, *[0.0] * 9)

    selector = selector_on(train, held_out, num_items, metric=metric)

    assert selector.select(constants(*grid)).settings == selected


def test_seen_items_are_candidates_only_if_repeats_are_allowed() -> None:
    train = event_columns([(0, [(0, 1, 1)])])
    held_out = event_columns([(0, [(0, 1, 0), (2, 2, 1)])])
    grid = [(9.0, 5.0, 1.0)]

    def value(exclude_seen: bool) -> object:
        selector = selector_on(train, held_out, 3, exclude_seen=exclude_seen, metric="mrr")
        return selector.select(constants(*grid)).settings["eval_mrr"]

    assert value(exclude_seen=True) == 1 / 2
    assert value(exclude_seen=False) == 1 / 3


def test_users_have_equal_weight_regardless_of_their_number_of_queries() -> None:
    """User 0 has three targets on item 1, user 1 has one target on item 2."""
    train = event_columns([(0, [(0, 1, 1)])])
    held_out = event_columns(
        [(0, [(1, 2, 1), (1, 3, 1), (1, 4, 1)]), (1, [(2, 2, 1)])],
    )
    selector = selector_on(train, held_out, 3, exclude_seen=False, metric="recall@1", cutoffs=(1,))
    grid = [(0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]

    assert selector.select(constants(*grid)).settings == {
        "number": 0,
        "eval_recall@1": (1 + 0) / 2,
        "eval_users": 2,
        "chosen_among": 2,
        **TWO,
        **SMALLEST,
    }


@pytest.mark.parametrize("distance", [1, 2])
def test_the_smallest_window_that_contains_the_predictive_event_is_selected(distance: int) -> None:
    """Interleaves `distance` walks, so that the event `distance` events ago predicts the next."""
    generator = np.random.default_rng(5)
    num_items, length = 40, 10
    starts = generator.integers(0, num_items, (150, distance))
    walks = (np.tile(starts, length)[:, :length] + np.arange(length) // distance) % num_items
    train, held_out = (
        event_columns(
            (user, [(int(item), n, int(first <= n < last)) for n, item in enumerate(walk[:last])])
            for user, walk in enumerate(walks)
        )
        for first, last in ((0, 8), (8, length))
    )
    selector = selector_on(train, held_out, num_items, metric="recall@2", cutoffs=(2,))
    ties = popularity_ties(train, num_items)
    axes = (Axis("window", (1, 2, 5), 1, 8, is_integer=True), Axis("decay", (1.0,), 1.0, 1.0))

    selected = selector.select(
        Tunable(
            axes,
            (5, 1.0),
            lambda points: fit_markov_grid(
                train, ties, [MarkovSetting(int(window), decay) for window, decay in points]
            ),
        )
    )

    assert selected.settings["window"] == distance
    assert float(selected.settings["eval_recall@2"]) > 0.95


def test_recent_days_follow_a_change_of_popularity_but_not_a_short_peak() -> None:
    old, new, peak = 0, 1, 2
    events = [(old, day * DAY, 1) for day in range(86) for _ in range(3)]
    events += [(new, day * DAY, 1) for day in range(86, 100)]
    events += [(peak, 99 * DAY + 1, 1)] * 5
    held_out = event_columns([(1, [(new, 101 * DAY, 1)]), (2, [(new, 102 * DAY, 1)])])
    train = event_columns([(0, events)])
    selector = selector_on(train, held_out, 3, metric="recall@1", cutoffs=(1,))

    days = days_axis(train)
    selected = selector.select(
        Tunable((days,), (30,), lambda points: fit_recent_grid(train, 3, [p for (p,) in points]))
    )

    # Events of the new item, and of the most popular other item: 3 and 5 within 3 days, 10 and 5
    # within 10 days, 14 and 48 within 30 days.
    assert selected.settings["days"] == 10
    assert selected.settings["eval_recall@1"] == 1.0
    assert str(selected.settings["searched"]).endswith(" to 90")


def test_only_the_best_baseline_is_in_memory_while_the_next_one_is_fitted(
    one_query: SettingSelector,
) -> None:
    fitted_refs: list[weakref.ref[FittedBaseline]] = []
    alive = []

    def fit(points: Sequence[Point]) -> Iterator[FittedBaseline]:
        for (number,) in points:
            alive.append([n for n, ref in enumerate(fitted_refs) if ref() is not None])
            weights = np.array(scores[int(number)], np.float64)
            fitted = FittedBaseline(Popularity(weights), {"number": number})
            fitted_refs.append(weakref.ref(fitted))
            yield fitted
            del fitted

    best = (0.0, 0.0, 1.0, 0.0, 0.0)
    worse = (0.0, 1.0, 0.0, 0.0, 0.0)
    scores = [worse, best, worse, worse]
    one_query.select(Tunable((numbers(4),), (0,), fit))

    assert alive == [[], [0], [1], [1]]


def test_if_no_setting_can_be_fitted_the_reason_is_returned(one_query: SettingSelector) -> None:
    left_out = FittedBaseline(None, {"left_out": "too large"})

    tunable = Tunable((numbers(2),), (1,), lambda _: iter([left_out]))

    assert one_query.select(tunable) == left_out
    assert DefaultSetting("no eval").select(tunable) == left_out


def test_settings_that_cannot_be_fitted_are_skipped(one_query: SettingSelector) -> None:
    tunable = constants((9, 5, 3, 4, 0), (9, 5, 1, 0, 0), (9, 5, 1, 0, 0))
    left_out = FittedBaseline(None, {"left_out": "too small a regularisation"})

    def fit(points: Sequence[Point]) -> Iterator[FittedBaseline]:
        for fitted in tunable.fit(points):
            yield left_out if fitted.settings["number"] == 1 else fitted

    selected = one_query.select(replace(tunable, fit=fit))

    assert selected.settings["number"] == 2
    assert selected.settings["chosen_among"] == 2


def test_empty_grid_is_an_error(one_query: SettingSelector) -> None:
    with pytest.raises(ValueError, match="grid of settings is empty"):
        one_query.select(Tunable((replace(NUMBERS, values=()),), (0,), lambda _: iter([])))


@pytest.mark.parametrize(
    ("held_out", "reason"),
    [
        (event_columns([]), "the eval split has no target event"),
        (event_columns([(0, [(0, 2, 0)])]), "the eval split has no target event"),
        (
            event_columns([(0, [(0, 2, 1)])]),
            "all target events of the eval split are on items that their users had seen before",
        ),
    ],
)
def test_without_eval_queries_the_default_is_used_and_the_reason_is_stated(
    held_out: EventColumns, reason: str
) -> None:
    selector = selector_on(event_columns([(0, [(0, 1, 1)])]), held_out, 2)

    tunable = constants((1.0, 0.0), (0.0, 1.0), (0.5, 0.0), default=2)
    selected = selector.select(tunable)

    assert selected.settings == {"number": 2, "not_chosen": reason}
    assert selector.for_new_users() is selector
    assert selected.baseline is not None
    assert selected.baseline.scores(np.zeros((1, 1), int)).tolist() == [[0.5, 0.0]]


@pytest.mark.parametrize(
    ("metric", "used"),
    [("ndcg@10", "ndcg@10"), ("recall@7", "recall@7"), ("coverage@10", "recall@10")],
)
def test_a_metric_without_values_per_query_is_replaced_by_recall(metric: str, used: str) -> None:
    held_out = event_columns([(0, [(1, 2, 1)])])
    selector = selector_on(
        event_columns([(0, [(0, 1, 1)])]), held_out, 12, metric=metric, cutoffs=(7,)
    )
    grid = [tuple(float(n) for n in range(12))]

    assert f"eval_{used}" in selector.select(constants(*grid)).settings


def test_whole_users_are_sampled_to_limit_the_number_of_queries() -> None:
    train = event_columns([(0, [(0, 1, 1)])])
    held_out = event_columns([(user, [(0, 2, 1), (1, 3, 1)]) for user in range(20)])

    selector = selector_on(train, held_out, 2, exclude_seen=False, max_queries=7)

    assert isinstance(selector, BestOnEval)
    assert len(selector.queries) == 6
    assert selector.queries.num_users == 3


@pytest.mark.parametrize(("num_new", "number"), [(20, 0), (19, 1)])
def test_new_users_decide_their_ranking_by_mrr_if_there_are_enough(
    num_new: int, number: int
) -> None:
    """New users begin with item 1; the 60 users with a history continue with item 2."""
    train = event_columns([(user, [(0, 1, 1)]) for user in range(60)])
    known = [(user, [(0, 1, 0), (2, 5, 1)]) for user in range(60)]
    new = [(60 + user, [(1, 5, 1)]) for user in range(num_new)]
    selector = selector_on(
        train, event_columns(known + new), 12, metric="recall@1", cutoffs=(1,), max_queries=70
    )
    tunable = constants((0.0, 1.0, *[0.0] * 10), (0.0, 0.0, 1.0, *[0.0] * 9))

    settings = selector.for_new_users().select(tunable).settings

    assert "eval_mrr" in settings
    assert settings["number"] == number
    if num_new == 20:
        # All new users, although the other queries are a sample.
        assert (settings["eval_mrr"], settings["eval_users"]) == (1.0, 20)
    assert selector.select(tunable).settings["number"] == 1


@dataclass(frozen=True)
class Recorder:
    """A baseline that keeps the histories that it scores."""

    histories: list[list[int]]

    def scores(self, history: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        self.histories.extend([item for item in row if item != NO_ITEM] for row in history.tolist())
        return np.zeros((len(history), 4))


@pytest.mark.parametrize(("exclude_seen", "expected"), [(True, [1, 0]), (False, [1, 1, 0])])
def test_histories_are_merged_where_repeats_are_excluded(
    exclude_seen: bool, expected: list[int]
) -> None:
    held_out = event_columns([(2, [(0, 1, 0), (1, 2, 0), (1, 3, 0), (2, 4, 1)])])
    train = event_columns([(0, [(0, 1, 1)])])
    selector = selector_on(train, held_out, 4, exclude_seen=exclude_seen)
    recorder = Recorder([])

    assert isinstance(selector, BestOnEval)
    selector.value(recorder)

    assert recorder.histories == [expected]
