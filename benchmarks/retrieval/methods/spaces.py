"""Transformations of the vectors that keep the ranking by inner product and ease indexing.

Trained items share a mean direction that queries do not have, and their norms differ. Both reduce
the recall of graph and k-means indexes, so users of such libraries transform the vectors first.
These are the two common transformations.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Space:
    """A transformation of items and queries.

    Attributes:
      name: Name in the build parameters.
      is_centred: Subtracts the mean item from each item, which shifts all scores of a query by the
        same amount.
      is_l2: Adds one dimension that makes all item norms equal, so that the order by distance is
        the order by inner product (Bachrach et al., "Speeding Up the Xbox Recommender System Using
        a Euclidean Transformation for Inner-Product Spaces", RecSys 2014).
    """

    name: str
    is_centred: bool = False
    is_l2: bool = False

    def transform_items(self, items: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Returns the items to index, [num_items, dim] or [num_items, dim + 1] float32."""
        if self.is_centred:
            items = items - items.mean(axis=0)
        if self.is_l2:
            squares = np.square(items).sum(axis=1)
            items = np.column_stack([items, np.sqrt(squares.max() - squares)])
        return items

    def transform_queries(self, queries: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Returns the queries to search, [num_queries, dim] or [num_queries, dim + 1] float32."""
        if not self.is_l2:
            return queries
        longer = np.zeros((len(queries), queries.shape[1] + 1), np.float32)
        longer[:, :-1] = queries
        return longer


GIVEN = Space("as given")
CENTRED = Space("centred", is_centred=True)
EUCLIDEAN = Space("centred, as distances", is_centred=True, is_l2=True)
