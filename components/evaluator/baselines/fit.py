"""Fits all baselines on the same training events."""

from collections.abc import Iterator
from functools import partial

from components.evaluator.baselines import ease, item_knn, markov
from components.evaluator.baselines.baseline import Fitted
from components.evaluator.baselines.choose import Choice
from components.evaluator.baselines.popularity import (
    DEFAULT_RECENT_DAYS,
    fit_popularity,
    fit_recent_grid,
    recent_days_grid,
)
from components.evaluator.columns import EventColumns
from components.progress import progress
from schemas.errors import InputError


def fit_baselines(
    train: EventColumns, num_items: int, choice: Choice
) -> Iterator[tuple[str, Fitted]]:
    """Fits every baseline of `schemas.metrics.BASELINES` on the train split, one after another.

    They are made as they are asked for, so a caller that measures each and lets it go holds one at
    a time.

    Args:
      train: Events of the train split; those with `is_target` are each interaction once.
      num_items: Rows of the catalogue.
      choice: How the settings of those that have any are chosen.

    Raises:
      InputError: The train split has no target event.
    """
    if not train.is_target.any():
        raise InputError(
            "the train split has no target event to fit baselines on: use a longer log, or other "
            "split fractions or targets.event_types"
        )
    return _fitted(train, num_items, choice)


def _fitted(train: EventColumns, num_items: int, choice: Choice) -> Iterator[tuple[str, Fitted]]:
    yield "popularity", Fitted(fit_popularity(train, num_items), {})
    days = recent_days_grid(train)
    default_days = max(d for d in days if d <= DEFAULT_RECENT_DAYS)
    recent = choice.pick(partial(fit_recent_grid, train, num_items), days, default_days)
    yield "recent_popularity", recent
    yield from _neighbours(train, num_items, choice)
    transitions = partial(markov.fit_markov_grid, train, num_items)
    yield "markov", choice.pick(transitions, markov.GRID, markov.DEFAULT)
    linear = choice.pick(partial(ease.fit_ease_grid, train, num_items), ease.GRID, ease.DEFAULT)
    if linear.baseline is None:
        progress.warning("baseline ease is left out: %s", linear.settings["left_out"])
    yield "ease", linear


def _neighbours(
    train: EventColumns, num_items: int, choice: Choice
) -> Iterator[tuple[str, Fitted]]:
    widest = item_knn.fit_item_knn(train, num_items)
    cut = partial(item_knn.fit_item_knn_grid, widest)
    yield "item_knn", choice.pick(cut, item_knn.GRID, item_knn.MAX_NEIGHBOURS)
    last = item_knn.LastItem(widest)
    yield "last_item", Fitted(last, {"neighbours": item_knn.MAX_NEIGHBOURS})
