"""Fits all baselines on the same training events."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from components.evaluator.baselines.item_knn import fit_item_knn
from components.evaluator.baselines.markov import fit_markov
from components.evaluator.baselines.popularity import fit_popularity, fit_recent_popularity
from components.evaluator.columns import EventColumns
from schemas.errors import InputError


class Baseline(Protocol):
    """Anything that scores the whole catalogue for some histories."""

    def scores(self, history: np.ndarray) -> np.ndarray:
        """Scores every item.

        Args:
          history: [num_queries, width] int64 rows of the catalogue, newest first, NO_ITEM where
            the history is shorter.

        Returns:
          [num_queries, num_items] float32, a new array.
        """


def fit_baselines(
    train: EventColumns, num_items: int, recent_days: float
) -> Mapping[str, Baseline]:
    """Fits every baseline on the train split.

    Args:
      train: Events of the train split; those with `is_target` are each interaction once.
      num_items: Rows of the catalogue.
      recent_days: How many days before the last training event `recent_popularity` looks back.

    Raises:
      InputError: The train split has no target event.
    """
    if not train.is_target.any():
        raise InputError(
            "the train split has no target event to fit baselines on: use a longer log, or other "
            "split fractions or targets.event_types"
        )
    return {
        "popularity": fit_popularity(train, num_items),
        "recent_popularity": fit_recent_popularity(train, num_items, recent_days),
        "item_knn": fit_item_knn(train, num_items),
        "markov": fit_markov(train, num_items),
    }
