"""Fits all baselines on the training events."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.evaluator.baselines import ease, item_knn, markov
from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import BaselineSettings, FittedBaseline, Tunable
from components.evaluator.baselines.popularity import (
    DEFAULT_RECENT_DAYS,
    Popularity,
    days_axis,
    fit_popularity,
    fit_recent_grid,
    tie_break,
)
from components.evaluator.baselines.select_settings import SettingSelector
from components.evaluator.columns import EventColumns
from components.progress import progress
from schemas.errors import InputError

# Details of the fallback's search that would be repeated for every baseline.
_LEFT_OUT_OF_FALLBACK = ("searched", "extended")


def fit_baselines(
    train: EventColumns, num_items: int, max_history: int, selector: SettingSelector
) -> Iterator[tuple[str, FittedBaseline]]:
    """Fits the baselines of `schemas.metrics.BASELINES` on the train split, one after another.

    Each baseline is fitted when the iterator reaches it, so a caller that keeps none of them has
    one in memory at a time. All baselines that use the history have the same fallback: items with
    equal scores, which are all items for a user without a history, are ordered by popularity in the
    last days of the train split. The number of days is selected on users without a history.

    Args:
      train: `counted_events.counted_events`; each interaction is a target at most once.
      num_items: Number of items in the catalogue.
      max_history: The maximum number of past events in a request.
      selector: Selects the settings of the baselines that have settings.

    Returns:
      An iterator over pairs of name and fitted baseline.

    Raises:
      InputError: The train split has no target event.
    """
    if not train.is_target.any():
        raise InputError(
            "the train split has no target event to fit baselines on (events on items that their "
            "users had seen before do not count with `repeat_interactions: exclude`): use a longer "
            "log, or other split fractions or targets.event_types"
        )
    return _fit_each(train, num_items, max_history, selector)


def _fit_each(
    train: EventColumns, num_items: int, max_history: int, selector: SettingSelector
) -> Iterator[tuple[str, FittedBaseline]]:
    yield "popularity", FittedBaseline(fit_popularity(train, num_items), {})
    days = days_axis(train)
    default_days = max(value for value in days.values if value <= DEFAULT_RECENT_DAYS)
    yield "recent_popularity", selector.select(_recent(train, num_items, days, default_days))
    fallback = _fit_fallback(train, num_items, days, selector)
    yield from _fit_neighbours(train, fallback, selector)
    yield "markov", fallback.described(selector.select(_markov(train, fallback.ties, max_history)))
    fitted_ease = selector.select(
        Tunable(
            (ease.AXIS,),
            (ease.DEFAULT,),
            lambda points: ease.fit_ease_grid(train, fallback.ties, [p for (p,) in points]),
        )
    )
    if fitted_ease.baseline is None:
        progress.warning("baseline ease is left out: %s", fitted_ease.settings["left_out"])
    yield "ease", fallback.described(fitted_ease)


@dataclass(frozen=True)
class _Fallback:
    """The order of items with equal scores.

    Attributes:
      ties: [num_items] float64, `popularity.tie_break`.
      settings: The settings of the popularity and how they were selected.
    """

    ties: npt.NDArray[np.float64]
    settings: BaselineSettings

    def described(self, fitted: FittedBaseline) -> FittedBaseline:
        """Adds the settings to those of a baseline, unless it was left out."""
        if fitted.baseline is None:
            return fitted
        added = {
            f"fallback_{name}": value
            for name, value in self.settings.items()
            if name not in _LEFT_OUT_OF_FALLBACK
        }
        return replace(fitted, settings={**fitted.settings, **added})


def _fit_fallback(
    train: EventColumns, num_items: int, days: Axis, selector: SettingSelector
) -> _Fallback:
    # The default is the popularity in the whole train split.
    fitted = selector.for_new_users().select(_recent(train, num_items, days, days.highest))
    assert isinstance(fitted.baseline, Popularity)
    return _Fallback(tie_break(fitted.baseline.weights), fitted.settings)


def _recent(train: EventColumns, num_items: int, days: Axis, default_days: float) -> Tunable:
    return Tunable(
        (days,),
        (default_days,),
        lambda points: fit_recent_grid(train, num_items, [p for (p,) in points]),
    )


def _fit_neighbours(
    train: EventColumns, fallback: _Fallback, selector: SettingSelector
) -> Iterator[tuple[str, FittedBaseline]]:
    table = item_knn.SimilarityTable(train, fallback.ties)
    axis = item_knn.neighbours_axis(len(fallback.ties))
    default = (min(axis.highest, item_knn.DEFAULT_NEIGHBOURS),)
    whole_history = Tunable(
        (axis,),
        default,
        lambda points: table.fit_grid([int(p) for (p,) in points], lambda knn: knn),
    )
    yield "item_knn", fallback.described(selector.select(whole_history))
    last_item = Tunable(
        (axis,),
        default,
        lambda points: table.fit_grid([int(p) for (p,) in points], item_knn.LastItem),
    )
    yield "last_item", fallback.described(selector.select(last_item))


def _markov(train: EventColumns, ties: npt.NDArray[np.float64], max_history: int) -> Tunable:
    default = (min(max_history, markov.DEFAULT.window), markov.DEFAULT.decay)
    return Tunable(
        markov.markov_axes(max_history),
        default,
        lambda points: markov.fit_markov_grid(
            train, ties, [markov.MarkovSetting(int(window), decay) for window, decay in points]
        ),
    )
