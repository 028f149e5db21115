"""Fits all baselines on the training events."""

from collections.abc import Iterator
from functools import partial

from components.evaluator.baselines import ease, item_knn, markov
from components.evaluator.baselines.baseline import FittedBaseline
from components.evaluator.baselines.popularity import (
    DEFAULT_RECENT_DAYS,
    fit_popularity,
    fit_recent_grid,
    recent_days_grid,
)
from components.evaluator.baselines.select_settings import SettingSelector
from components.evaluator.columns import EventColumns
from components.progress import progress
from schemas.errors import InputError


def fit_baselines(
    train: EventColumns, num_items: int, selector: SettingSelector
) -> Iterator[tuple[str, FittedBaseline]]:
    """Fits the baselines of `schemas.metrics.BASELINES` on the train split, one after another.

    Each baseline is fitted when the iterator reaches it, so a caller that keeps none of them has
    one in memory at a time.

    Args:
      train: Events of the train split; each interaction is a target exactly once. Explicit negative
        feedback is left out.
      num_items: Number of items in the catalogue.
      selector: Selects the settings of the baselines that have settings.

    Returns:
      An iterator over pairs of name and fitted baseline.

    Raises:
      InputError: The train split has no target event.
    """
    if not train.is_target.any():
        raise InputError(
            "the train split has no target event to fit baselines on: use a longer log, or other "
            "split fractions or targets.event_types"
        )
    return _fit_each(train.without_negatives(), num_items, selector)


def _fit_each(
    train: EventColumns, num_items: int, selector: SettingSelector
) -> Iterator[tuple[str, FittedBaseline]]:
    yield "popularity", FittedBaseline(fit_popularity(train, num_items), {})
    days = recent_days_grid(train)
    default_days = max(d for d in days if d <= DEFAULT_RECENT_DAYS)
    recent = selector.select(partial(fit_recent_grid, train, num_items), days, default_days)
    yield "recent_popularity", recent
    yield from _fit_neighbours(train, num_items, selector)
    fit_markov = partial(markov.fit_markov_grid, train, num_items)
    yield "markov", selector.select(fit_markov, markov.GRID, markov.DEFAULT)
    fit_ease = partial(ease.fit_ease_grid, train, num_items)
    fitted_ease = selector.select(fit_ease, ease.GRID, ease.DEFAULT)
    if fitted_ease.baseline is None:
        progress.warning("baseline ease is left out: %s", fitted_ease.settings["left_out"])
    yield "ease", fitted_ease


def _fit_neighbours(
    train: EventColumns, num_items: int, selector: SettingSelector
) -> Iterator[tuple[str, FittedBaseline]]:
    widest = item_knn.fit_item_knn(train, num_items)
    fit_grid = partial(item_knn.fit_item_knn_grid, widest)
    yield "item_knn", selector.select(fit_grid, item_knn.GRID, item_knn.MAX_NEIGHBOURS)
    last_item = item_knn.LastItem(widest)
    yield "last_item", FittedBaseline(last_item, {"neighbours": item_knn.MAX_NEIGHBOURS})
