"""How sure a choice of `twotower init` is."""

from dataclasses import dataclass
from enum import Enum


class Certainty(str, Enum):
    """How sure a choice is.

    `CERTAIN`: name and values, or the values alone, leave no other choice. `LIKELY`: the name or
    the values suggest it. `GUESS`: it is the only or the first column that is possible.
    """

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"


@dataclass(frozen=True)
class Choice:
    """A choice of a column, and why.

    Attributes:
      column: The column.
      certainty: How sure the choice is.
      reason: What it is based on, for a comment.
    """

    column: str
    certainty: Certainty
    reason: str

    @property
    def comment(self) -> str:
        """The certainty and the reason in one line."""
        return f"{self.certainty.value}: {self.reason}"
