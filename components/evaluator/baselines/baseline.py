"""What every baseline is, and how it ranks for queries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from components.evaluator.columns import EventColumns, recent_items
from components.evaluator.queries import Queries
from components.evaluator.ranking import Scorer

# What stands under "baselines" in `evaluation.json`.
Settings = dict[str, int | float | str]


class Baseline(Protocol):
    """Anything that scores the whole catalogue for some histories."""

    def scores(self, history: np.ndarray) -> np.ndarray:
        """Scores every item.

        Args:
          history: [num_queries, width] int64 rows of the catalogue, newest first, NO_ITEM where
            the history is shorter.

        Returns:
          [num_queries, num_items] float64, a new array: its decimals order what would else tie.
        """


@dataclass(frozen=True)
class Fitted:
    """A baseline, and the settings that it was fitted with.

    Attributes:
      baseline: None where it was left out; the settings then say why.
      settings: What it is, in the words of `evaluation.json`.
    """

    baseline: Baseline | None
    settings: Settings


Setting = TypeVar("Setting")
# Fits one baseline for each setting of a grid, lazily, in any order.
FitGrid = Callable[[Sequence[Setting]], Iterator[Fitted]]


def baseline_scorer(
    baseline: Baseline, events: EventColumns, queries: Queries, max_history: int
) -> Scorer:
    """Scores queries by the histories that a model gets.

    Args:
      baseline: Any baseline.
      events: Of the split that the queries point into.
      queries: What is asked.
      max_history: The most past events that a request carries.
    """
    return lambda rows: baseline.scores(recent_items(events, queries.position[rows], max_history))
