"""What every compared search does: it is built once, and asked in several ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Settings = dict[str, Any]
_MAX_WIDTHS = 20  # times k


@dataclass(frozen=True)
class Task:
    """What is to be searched.

    Attributes:
      num_items: Rows.
      dim: Of every vector.
      k: How many of the highest inner products are wanted.
      targets: Recalls to reach, in 0…1.
    """

    num_items: int
    dim: int
    k: int
    targets: Sequence[float]

    def graph_widths(self) -> list[int]:
        """How many candidates a walk over a graph keeps, from the least that can answer k."""
        return geometric(self.k, min(_MAX_WIDTHS * self.k, self.num_items), 1.15)


class Peer(Protocol):
    """One build of one method.

    Attributes:
      settings: What it is built with.
      target: The recall it is made for; None where any may be asked of it.
    """

    settings: Settings
    target: float | None

    def build(self, items: np.ndarray, queries: np.ndarray) -> None:
        """Builds the index; may use every core.

        Args:
          items: [num_items, dim] float32, C-contiguous.
          queries: [num_queries, dim] float32 that parameters may be chosen by.
        """

    def size_bytes(self) -> int:
        """Of the index as a file, the vectors included where searching needs them."""

    def ladders(self) -> list[list[Settings]]:
        """Ways to ask: each list goes from cheap to dear, and recall only rises along it."""

    def use(self, way: Settings) -> None:
        """Searches that way from now on."""

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        """Rows [num_queries, k] of the highest inner products, on one core; -1 for none found.

        Args:
          queries: [num_queries, dim] float32, C-contiguous.
          k: How many.
        """


def geometric(first: float, last: float, ratio: float) -> list[int]:
    """Distinct whole numbers from `first` up to and with `last`, about `ratio` apart."""
    values, value = [], float(first)
    while round(value) < last:
        values.append(round(value))
        value *= ratio
    return sorted({*values, round(last)})
