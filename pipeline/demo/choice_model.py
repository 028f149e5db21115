"""The true choice model, a mixture distribution from which the generator draws books.

    p(i | user u, time t, device d, history h)
        = w_series  · series(i | last items)
        + w_session · similar(i | last item) · popularity(i, t)
        + w_taste   · taste(u, i) · popularity(i, t) · device_fit(d, i)

Every component is restricted to the books that are available at t and that u has not seen, and
normalised. If a component has no such book, its weight is distributed over the other components.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.demo.catalogue import Floats, Ints
from pipeline.demo.settings import DAY_MS
from pipeline.demo.world import DemoWorld

SESSION_GAP_MS = 30 * 60 * 1000
"""Longest pause between two views of one session, in milliseconds."""

WEIGHTS_IN_SESSION = (0.30, 0.34, 0.36)  # series, session, taste
WEIGHTS_AT_START = (0.35, 0.10, 0.55)
NUM_RECENT = 2  # number of recent books whose next part the series component contains
RECENCY_DECAY = 0.3  # factor of the weight from a recent book to the one before it


@dataclass(frozen=True)
class ChoiceSituations:
    """A batch of n situations in which a user chooses the next book.

    Attributes:
      user: [n] int64, rows of the users.
      timestamp_ms: [n] int64, milliseconds since the epoch, UTC.
      device: [n] int64, index into `DEVICES`.
      recent: [n, NUM_RECENT] int64, books of the last views, most recent first, padded with -1.
      last_ms: [n] int64, time of the last view; ignored without one.
      seen: [n, num_items] bool, whether the user has interacted with the book.
    """

    user: Ints
    timestamp_ms: Ints
    device: Ints
    recent: Ints
    last_ms: Ints
    seen: npt.NDArray[np.bool_]


def probabilities(world: DemoWorld, now: ChoiceSituations) -> Floats:
    """Returns the probability that a user chooses each book.

    Args:
      world: The demo world.
      now: n choice situations.

    Returns:
      [n, num_items] float32. Each row sums to 1; seen and unavailable books have probability 0.

    Raises:
      ValueError: A user has seen every available book.
    """
    day = (now.timestamp_ms - world.settings.start_ms) // DAY_MS
    allowed = (world.items.added_at_ms <= now.timestamp_ms[:, None]) & ~now.seen
    taste = world.taste[now.user]
    taste *= world.items.popularity[day]
    taste *= world.device_fit[now.device]
    taste *= allowed
    taste_total = taste.sum(axis=1, dtype=np.float64)
    if not taste_total.all():
        user = world.users.user_id(int(now.user[np.argmin(taste_total)]))
        raise ValueError(f"user {user} has seen every available book: increase num_items")

    series_book, series_weight = _series(world, now, allowed)
    similar_book, similar_weight = _similar(world, now, day, allowed)
    has_series, has_similar = (np.asarray(w.any(axis=1)) for w in (series_weight, similar_weight))
    weight = _mixture(now, has_series, has_similar)
    taste *= (weight[:, 2] / taste_total).astype(np.float32)[:, None]
    _add(taste, series_book, series_weight, weight[:, 0])
    _add(taste, similar_book, similar_weight, weight[:, 1])
    return taste


def _mixture(
    now: ChoiceSituations, has_series: npt.NDArray[np.bool_], has_similar: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Returns the weights of series, session and taste: [n, 3], each row sums to 1."""
    in_session = now.timestamp_ms - now.last_ms <= SESSION_GAP_MS
    weight = np.where(in_session[:, None], WEIGHTS_IN_SESSION, WEIGHTS_AT_START)
    weight = weight * np.stack([has_series, has_similar, np.ones_like(has_series)], axis=1)
    return weight / weight.sum(axis=1, keepdims=True)


def _series(
    world: DemoWorld, now: ChoiceSituations, allowed: npt.NDArray[np.bool_]
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Returns the next parts of the recent books and their weights: two [n, NUM_RECENT]."""
    book = np.where(now.recent >= 0, world.items.next_part[now.recent], -1)
    usable = (book >= 0) & np.take_along_axis(allowed, book, axis=1)
    return book, usable * RECENCY_DECAY ** np.arange(NUM_RECENT)


def _similar(
    world: DemoWorld, now: ChoiceSituations, day: Ints, allowed: npt.NDArray[np.bool_]
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Returns the neighbours of the last book and their weights: two [n, NUM_NEIGHBOURS]."""
    last = now.recent[:, 0]
    book = world.neighbour[last]
    usable = (last >= 0)[:, None] & np.take_along_axis(allowed, book, axis=1)
    popularity = world.items.popularity[day[:, None], book].astype(np.float64)
    return book, usable * popularity * world.neighbour_weight


def _add(
    total: Floats, book: Ints, weight: npt.NDArray[np.float64], share: npt.NDArray[np.float64]
) -> None:
    """Adds a sparse component to `total`, scaled to the sum `share` in each row."""
    scale = share / np.maximum(weight.sum(axis=1), np.finfo(np.float64).tiny)
    row = np.broadcast_to(np.arange(len(book))[:, None], book.shape)
    used = weight > 0
    np.add.at(total, (row[used], book[used]), (weight * scale[:, None])[used].astype(np.float32))
