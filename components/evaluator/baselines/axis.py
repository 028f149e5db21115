"""One setting of a baseline, as an ordered axis of values that a search can extend and refine."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """The values of one setting that a search tries.

    Attributes:
      name: Name of the setting in `FittedBaseline.settings`.
      values: The values of the first grid, ascending.
      lowest: The smallest value that is ever tried.
      highest: The largest value that is ever tried.
      factor: Ratio of successive values beyond the first grid.
      is_integer: Whether only integers are tried.
    """

    name: str
    values: tuple[float, ...]
    lowest: float
    highest: float
    factor: float = 2.0
    is_integer: bool = False

    @classmethod
    def within(
        cls,
        name: str,
        values: tuple[float, ...],
        lowest: float,
        highest: float,
        factor: float = 2.0,
        is_integer: bool = False,
    ) -> "Axis":
        """An axis whose first grid consists of the values within the limits, at least `lowest`."""
        kept = tuple(value for value in values if lowest <= value <= highest)
        return cls(name, kept or (lowest,), lowest, highest, factor, is_integer)

    def below(self, value: float) -> float | None:
        """The next smaller value beyond the first grid; None at the lowest one."""
        if value <= self.lowest:
            return None
        return max(self.lowest, self._rounded(value / self.factor))

    def above(self, value: float) -> float | None:
        """The next larger value beyond the first grid; None at the highest one."""
        if value >= self.highest:
            return None
        return min(self.highest, self._rounded(value * self.factor))

    def between(self, low: float, high: float) -> float | None:
        """A value in the middle of two others, by ratio; None if there is none between them."""
        middle = self._rounded(math.sqrt(low * high))
        return middle if low < middle < high else None

    def _rounded(self, value: float) -> float:
        """Rounds to an integer, or to two significant digits."""
        return round(value) if self.is_integer else float(f"{value:.2g}")
