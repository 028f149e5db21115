"""Choosing settings on the eval split, in worlds where the best one is known."""

import weakref
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from components.evaluator.baselines.baseline import Fitted
from components.evaluator.baselines.choose import BestOnEval, Choice, Default, choice_on_eval
from components.evaluator.baselines.markov import MarkovSetting, fit_markov_grid
from components.evaluator.baselines.popularity import Popularity, fit_recent_grid
from components.evaluator.columns import EventColumns
from schemas.events import SECONDS_PER_DAY
from tests.components.evaluator.logs import event_columns

DAY = SECONDS_PER_DAY


def chosen_by(
    train: EventColumns, held_out: EventColumns, num_items: int, **changes: object
) -> Choice:
    splits = {"train": train, "eval": held_out, "test": event_columns([])}
    arguments: dict[str, Any] = {"exclude_seen": True, "max_history": 20, "seed": 3, **changes}
    return choice_on_eval(splits, num_items, **arguments)


def constant_grid(grid: Sequence[tuple[float, ...]]) -> Iterator[Fitted]:
    """Baselines that score every query by the given numbers."""
    for number, weights in enumerate(grid):
        yield Fitted(Popularity(np.array(weights, np.float32)), {"number": number})


@pytest.fixture
def one_query() -> Choice:
    """A user that had item 0 takes item 2 of five."""
    return chosen_by(
        event_columns([(0, [(0, 1, 1)])]), event_columns([(0, [(0, 1, 0), (2, 2, 1)])]), 5,
        metric="mrr",
    )  # fmt: skip


def test_the_best_by_the_metric_is_taken_and_says_its_value(one_query: Choice) -> None:
    grid = [(9, 5, 1, 0, 0), (9, 5, 3, 4, 0), (9, 8, 7, 0, 0)]

    picked = one_query.pick(constant_grid, grid, default=grid[0])

    # Ranks 2, 3, 2 among what the user had not seen: the first of the two that tie.
    assert picked.settings == {"number": 0, "eval_mrr": 1 / 2, "chosen_among": 3}
    assert picked.baseline is not None
    assert picked.baseline.scores(np.zeros((1, 1), int)).tolist() == [[9, 5, 1, 0, 0]]


def test_what_a_user_had_seen_competes_only_where_items_may_repeat() -> None:
    train = event_columns([(0, [(0, 1, 1)])])
    held_out = event_columns([(0, [(0, 1, 0), (2, 2, 1)])])
    grid = [(9.0, 5.0, 1.0)]

    def value(exclude_seen: bool) -> object:
        choice = chosen_by(train, held_out, 3, exclude_seen=exclude_seen, metric="mrr")
        return choice.pick(constant_grid, grid, grid[0]).settings["eval_mrr"]

    assert value(exclude_seen=True) == 1 / 2
    assert value(exclude_seen=False) == 1 / 3


def test_users_count_alike_whatever_their_number_of_queries() -> None:
    """Three targets of user 0 want item 1 first, the one of user 1 wants item 2 first."""
    train = event_columns([(0, [(0, 1, 1)])])
    held_out = event_columns(
        [(0, [(1, 2, 1), (1, 3, 1), (1, 4, 1)]), (1, [(2, 2, 1)])],
    )
    choice = chosen_by(train, held_out, 3, exclude_seen=False, metric="recall@1", cutoffs=(1,))
    grid = [(0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]

    assert choice.pick(constant_grid, grid, grid[0]).settings == {
        "number": 0,
        "eval_recall@1": (1 + 0) / 2,
        "chosen_among": 2,
    }


@pytest.mark.parametrize("distance", [1, 2])
def test_window_that_just_reaches_what_decides_is_chosen(distance: int) -> None:
    """As many walks as `distance` take turns: what came `distance` events ago decides."""
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
    choice = chosen_by(train, held_out, num_items, metric="recall@2", cutoffs=(2,))
    grid = [MarkovSetting(window, 1.0) for window in (1, 2, 5)]

    picked = choice.pick(partial(fit_markov_grid, train, num_items), grid, grid[0])

    assert picked.settings["window"] == distance
    assert float(picked.settings["eval_recall@2"]) > 0.95


def test_popularity_that_moved_lately_is_followed_and_a_passing_fashion_is_not() -> None:
    old, new, fashion = 0, 1, 2
    events = [(old, day * DAY, 1) for day in range(86) for _ in range(3)]
    events += [(new, day * DAY, 1) for day in range(86, 100)]
    events += [(fashion, 99 * DAY + 1, 1)] * 5
    held_out = event_columns([(1, [(new, 101 * DAY, 1)]), (2, [(new, 102 * DAY, 1)])])
    train = event_columns([(0, events)])
    choice = chosen_by(train, held_out, 3, metric="recall@1", cutoffs=(1,))

    picked = choice.pick(partial(fit_recent_grid, train, 3), (1, 3, 7, 14, 30), 30)

    # Within 3 days 3 of the new against 5; within 7 it is 7, within 14 it is 14; within 30 it is
    # 14 against 3 a day of the old.
    assert picked.settings == {"days": 7, "eval_recall@1": 1.0, "chosen_among": 5}


def test_only_the_best_so_far_is_held_while_the_next_is_fitted(one_query: Choice) -> None:
    made: list[weakref.ref[Fitted]] = []
    held = []

    def fit(grid: Sequence[tuple[float, ...]]) -> Iterator[Fitted]:
        for weights in grid:
            held.append([number for number, each in enumerate(made) if each() is not None])
            fitted = Fitted(Popularity(np.array(weights, np.float32)), {})
            made.append(weakref.ref(fitted))
            yield fitted
            del fitted

    best = (0.0, 0.0, 1.0, 0.0, 0.0)
    worse = (0.0, 1.0, 0.0, 0.0, 0.0)
    one_query.pick(fit, [worse, best, worse, worse], default=best)

    assert held == [[], [0], [1], [1]]


def test_where_nothing_can_be_fitted_the_reason_is_told(one_query: Choice) -> None:
    left_out = Fitted(None, {"left_out": "too large"})

    assert one_query.pick(lambda _: iter([left_out]), [1, 2], default=1) == left_out
    assert Default("no eval").pick(lambda _: iter([left_out]), [1, 2], default=1) == left_out


def test_settings_that_cannot_be_fitted_do_not_end_the_choice(one_query: Choice) -> None:
    grid = [(9, 5, 1, 0, 0), (9, 5, 3, 4, 0)]
    first, second = constant_grid(grid)
    left_out = Fitted(None, {"left_out": "too small a regularisation"})

    picked = one_query.pick(lambda _: iter([left_out, first, left_out, second]), [], default=0)

    assert picked.settings == {"number": 0, "eval_mrr": 1 / 2, "chosen_among": 2}


def test_empty_grid_is_an_error(one_query: Choice) -> None:
    with pytest.raises(ValueError, match="grid of settings is empty"):
        one_query.pick(constant_grid, [], default=(1.0,))


@pytest.mark.parametrize(
    ("held_out", "reason"),
    [
        (event_columns([]), "the eval split has no target event"),
        (event_columns([(0, [(0, 2, 0)])]), "the eval split has no target event"),
        (
            event_columns([(0, [(0, 2, 1)])]),
            "every target event of the eval split is on an item that its user had seen",
        ),
    ],
)
def test_without_eval_queries_the_default_is_taken_and_says_why(
    held_out: EventColumns, reason: str
) -> None:
    choice = chosen_by(event_columns([(0, [(0, 1, 1)])]), held_out, 2)

    picked = choice.pick(constant_grid, [(1.0, 0.0), (0.0, 1.0)], default=(0.5, 0.0))

    assert picked.settings == {"number": 0, "not_chosen": reason}
    assert picked.baseline is not None
    assert picked.baseline.scores(np.zeros((1, 1), int)).tolist() == [[0.5, 0.0]]


@pytest.mark.parametrize(
    ("metric", "taken"),
    [("ndcg@10", "ndcg@10"), ("recall@7", "recall@7"), ("coverage@10", "recall@10")],
)
def test_metric_of_all_lists_together_gives_way_to_recall(metric: str, taken: str) -> None:
    held_out = event_columns([(0, [(1, 2, 1)])])
    choice = chosen_by(event_columns([(0, [(0, 1, 1)])]), held_out, 2, metric=metric, cutoffs=(7,))

    assert f"eval_{taken}" in choice.pick(constant_grid, [(0.0, 1.0)], (0.0, 1.0)).settings


def test_no_more_queries_are_asked_than_allowed_and_whole_users_are_drawn() -> None:
    train = event_columns([(0, [(0, 1, 1)])])
    held_out = event_columns([(user, [(0, 2, 1), (1, 3, 1)]) for user in range(20)])

    choice = chosen_by(train, held_out, 2, exclude_seen=False, max_queries=7)

    assert isinstance(choice, BestOnEval)
    assert len(choice.queries) == 6
    assert choice.queries.num_users == 3
