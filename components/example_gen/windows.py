"""A user's events as windows: what every target may see, each target once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.example_gen.split import Cuts


@dataclass(frozen=True)
class Window:
    """Events [begin, end) of a user's sorted events; those at `targets` are its targets.

    Attributes:
      split: `train`, `eval` or `test`.
      begin: First event, which is the oldest history.
      end: One past the last event, which is always a target.
      targets: Positions among the user's events, ascending.
    """

    split: str
    begin: int
    end: int
    targets: tuple[int, ...]


def user_windows(is_target: Sequence[bool], cuts: Cuts, max_length: int) -> Iterator[Window]:
    """Windows of at most `max_length` + 1 events in which each target stands exactly once.

    A train target has at least half of `max_length` events before it where that many exist, an
    eval or test target all of them; windows overlap so far and no further. A train window holds
    train events only; eval and test windows begin with events of the splits before.

    Args:
      is_target: Which of the user's sorted events are targets.
      cuts: Where eval and test begin.
      max_length: The longest history of a query, in events.

    Yields:
      Windows split by split, oldest first.
    """
    half = (max_length + 1) // 2
    for split, begin, end, min_history in (
        ("train", 0, cuts.eval, half),
        ("eval", cuts.eval, cuts.test, max_length),
        ("test", cuts.test, len(is_target), max_length),
    ):
        targets = [position for position in range(begin, end) if is_target[position]]
        yield from _packed(split, targets, max_length, min_history)


def _packed(split: str, targets: list[int], max_length: int, min_history: int) -> Iterator[Window]:
    """Greedy: a window takes targets as long as its first one keeps its history.

    The window then reaches back as far as it may, so most train targets see more than they must.
    """
    at = 0
    while at < len(targets):
        last_possible = max(0, targets[at] - min_history) + max_length
        following = at
        while following < len(targets) and targets[following] <= last_possible:
            following += 1
        last = targets[following - 1]
        yield Window(split, max(0, last - max_length), last + 1, tuple(targets[at:following]))
        at = following
