"""The interface of a baseline, and a scorer that applies it to queries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from components.evaluator.baselines.axis import Axis
from components.evaluator.columns import EventColumns, recent_items
from components.evaluator.queries import Queries
from components.evaluator.ranking import Scorer

# JSON values of a baseline under `baselines` in `evaluation.json`: its hyperparameters and how they
# were selected, or the reason for leaving it out under "left_out".
BaselineSettings = dict[str, int | float | str]


class Baseline(Protocol):
    """A recommender that scores the full catalogue for a batch of histories."""

    def scores(self, history: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Scores every item for every history.

        Args:
          history: [num_queries, width] int64, rows of the catalogue, newest first; NO_ITEM where
            the history is shorter.

        Returns:
          [num_queries, num_items] float64, a new array. Float32 would lose the small differences
          that order items with otherwise equal scores.
        """


@dataclass(frozen=True)
class FittedBaseline:
    """A fitted baseline and its settings.

    Attributes:
      baseline: None if the baseline was left out; `settings` then contains the reason.
      settings: JSON values for `evaluation.json`.
    """

    baseline: Baseline | None
    settings: BaselineSettings


# A value of each axis, in the order of the axes.
Point = tuple[float, ...]
# Fits one baseline for each point of a grid, lazily, in any order. The settings of a baseline have
# the values of its point under the names of the axes.
FitGrid = Callable[[Sequence[Point]], Iterator[FittedBaseline]]


@dataclass(frozen=True)
class Tunable:
    """A baseline with settings to select.

    Attributes:
      axes: The settings.
      default: The point to use if no selection is possible.
      fit: Fits the baseline for each point of a grid.
    """

    axes: tuple[Axis, ...]
    default: Point
    fit: FitGrid


def baseline_scorer(
    baseline: Baseline,
    events: EventColumns,
    queries: Queries,
    max_history: int,
    merge_runs: bool = False,
) -> Scorer:
    """Returns a scorer that scores each query by the history that a request would contain.

    Args:
      baseline: Any baseline.
      events: Events of the queries' split.
      queries: The queries to score.
      max_history: The maximum number of past events in a request.
      merge_runs: Whether consecutive events of one item are one event of the history.
    """
    return lambda rows: baseline.scores(
        recent_items(events, queries.position[rows], max_history, merge_runs)
    )
