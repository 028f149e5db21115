"""The interface of a search method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Parameters = dict[str, Any]
_MAX_WIDTH = 20  # times k


@dataclass(frozen=True)
class SearchTask:
    """A search problem.

    Attributes:
      num_items: Number of items.
      dim: Embedding size.
      k: Number of items with the highest inner products to find.
      targets: Recalls to reach, in 0…1.
    """

    num_items: int
    dim: int
    k: int
    targets: Sequence[float]

    def graph_widths(self) -> list[int]:
        """Returns numbers of candidates that a graph search may keep, from k upwards."""
        return geometric(self.k, min(_MAX_WIDTH * self.k, self.num_items), 1.15)


class SearchIndex(Protocol):
    """An index of one method with fixed build parameters.

    Attributes:
      build_parameters: The parameters of the build.
      recall_target: The recall that the index is tuned for; None for an index that can be searched
        at any recall.
    """

    build_parameters: Parameters
    recall_target: float | None

    def build(self, items: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]) -> None:
        """Builds the index; may use all cores.

        Args:
          items: [num_items, dim] float32, C-contiguous.
          queries: [num_queries, dim] float32 for choosing parameters.
        """

    def size_bytes(self) -> int:
        """Returns the size of the saved index, including the vectors if searching needs them."""

    def parameter_lists(self) -> list[list[Parameters]]:
        """Returns lists of search parameters; along each list, cost and recall increase."""

    def set_search_parameters(self, parameters: Parameters) -> None:
        """Sets the parameters of all later searches."""

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
        """Returns the rows [num_queries, k] found for each query, -1 where fewer were found.

        Args:
          queries: [num_queries, dim] float32, C-contiguous.
          k: Number of nearest items per query.
        """


# Returns the indexes that a method builds for a task, with different build parameters.
MakeIndexes = Callable[[SearchTask], Sequence[SearchIndex]]


def geometric(first: float, last: float, ratio: float) -> list[int]:
    """Returns distinct integers from `first` to `last`, both included, about `ratio` apart."""
    values, value = [], float(first)
    while round(value) < last:
        values.append(round(value))
        value *= ratio
    return sorted({*values, round(last)})
