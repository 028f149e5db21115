"""Spaces that rank items for a query as the inner product does, some of them easier to index.

Trained items share a mean direction that queries do not, and their norms differ. Graphs and k-means
lose recall by both, so a library's user would index another space; these are the usual two.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Space:
    """What is indexed in place of the vectors.

    Attributes:
      name: Of the settings.
      is_centred: The mean item is taken off each: the same for every item of a query's ranking.
      is_l2: One more dimension makes all norms equal, so that the nearest by distance are the
        highest by inner product (Bachrach et al., "Speeding Up the Xbox Recommender System Using a
        Euclidean Transformation for Inner-Product Spaces", RecSys 2014).
    """

    name: str
    is_centred: bool = False
    is_l2: bool = False

    def items(self, items: np.ndarray) -> np.ndarray:
        """[num_items, dim, or one more] float32 of [num_items, dim]."""
        if self.is_centred:
            items = items - items.mean(axis=0)
        if self.is_l2:
            squares = np.square(items).sum(axis=1)
            items = np.column_stack([items, np.sqrt(squares.max() - squares)])
        return items

    def queries(self, queries: np.ndarray) -> np.ndarray:
        """[num_queries, dim, or one more] float32 of [num_queries, dim]."""
        if not self.is_l2:
            return queries
        longer = np.zeros((len(queries), queries.shape[1] + 1), np.float32)
        longer[:, :-1] = queries
        return longer


GIVEN = Space("as given")
CENTRED = Space("centred", is_centred=True)
EUCLIDEAN = Space("centred, as distances", is_centred=True, is_l2=True)
