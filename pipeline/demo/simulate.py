"""Simulates the clean log: draws the books of all views, and adds likes and purchases."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.demo.catalogue import Floats, Ints
from pipeline.demo.choice_model import NUM_RECENT, ChoiceSituations, probabilities
from pipeline.demo.sessions import Views, draw_views
from pipeline.demo.world import DemoWorld

EVENT_TYPES: tuple[str, ...] = ("view", "like", "purchase")
VIEW, LIKE, PURCHASE = range(3)

LIKE_LOGIT, LIKE_TASTE_SLOPE = -1.75, 0.6
PURCHASE_LOGIT, PURCHASE_TASTE_SLOPE = -2.6, 0.4
PURCHASE_PRICE_SLOPE = -0.5  # per unit of log-price above its mean
LIKE_DELAY_MS = (5_000, 25_000)  # delay after the view, below sessions.MIN_VIEW_GAP_S
PURCHASE_DELAY_MS = (30_000, 55_000)


@dataclass(frozen=True)
class EventLog:
    """Clean events, ordered by time; all arrays are [n] int64.

    Attributes:
      user: Rows of the users.
      item: Rows of the books.
      timestamp_ms: Milliseconds since the epoch, UTC.
      event_type: Index into `EVENT_TYPES`. A like or a purchase follows a view of the same book.
      device: Index into `users.DEVICES`.
    """

    user: Ints
    item: Ints
    timestamp_ms: Ints
    event_type: Ints
    device: Ints

    def __len__(self) -> int:
        return len(self.user)


def simulate(world: DemoWorld) -> EventLog:
    """Returns the clean log of a demo world; the same world gives the same log."""
    views = draw_views(world)
    item = _choose_items(world, views)
    return _with_follow_ups(world, views, item)


def _choose_items(world: DemoWorld, views: Views) -> Ints:
    """Draws the book of every view; one step draws the k-th views of all users."""
    rng = world.settings.rng("choices")
    num_users, num_items = world.taste.shape
    uniform = rng.random(len(views.user))
    item = np.full(len(views.user), -1, dtype=np.int64)
    recent = np.full((num_users, NUM_RECENT), -1, dtype=np.int64)
    last_ms = np.zeros(num_users, dtype=np.int64)
    seen = np.zeros((num_users, num_items), dtype=bool)

    is_first = np.diff(views.user, prepend=-1) != 0
    position = np.arange(len(item)) - np.maximum.accumulate(
        np.where(is_first, np.arange(len(item)), 0)
    )
    by_position = np.argsort(position, kind="stable")
    for rows in np.split(by_position, np.cumsum(np.bincount(position))[:-1]):
        user = views.user[rows]
        now = ChoiceSituations(
            user=user,
            timestamp_ms=views.timestamp_ms[rows],
            device=views.device[rows],
            recent=recent[user],
            last_ms=last_ms[user],
            seen=seen[user],
        )
        chosen = _draw(probabilities(world, now), uniform[rows])
        item[rows] = chosen
        seen[user, chosen] = True
        last_ms[user] = now.timestamp_ms
        recent[user] = np.column_stack([chosen, now.recent[:, :-1]])
    return item


def _draw(probability: Floats, uniform: npt.NDArray[np.float64]) -> Ints:
    """Returns the inverse of each row's cumulative distribution at `uniform`, in [0, 1)."""
    cumulative = np.cumsum(probability, axis=1, dtype=np.float64)
    return np.argmax(cumulative > (uniform * cumulative[:, -1])[:, None], axis=1)


def _with_follow_ups(world: DemoWorld, views: Views, item: Ints) -> EventLog:
    """Returns the views with the likes and purchases that follow before the user's next view."""
    rng = world.settings.rng("follow-ups")
    log_taste = np.log(world.taste[views.user, item])
    preference = (log_taste - log_taste.mean()) / log_taste.std()
    log_price = np.log(world.items.price)
    relative_log_price = (log_price - log_price.mean())[item]
    like = rng.random(len(item)) < _sigmoid(LIKE_LOGIT + LIKE_TASTE_SLOPE * preference)
    purchase = rng.random(len(item)) < _sigmoid(
        PURCHASE_LOGIT
        + PURCHASE_TASTE_SLOPE * preference
        + PURCHASE_PRICE_SLOPE * relative_log_price
    )
    like_ms = views.timestamp_ms + rng.integers(*LIKE_DELAY_MS, len(item))
    purchase_ms = views.timestamp_ms + rng.integers(*PURCHASE_DELAY_MS, len(item))

    view = np.arange(len(item))
    source = np.concatenate([view, view[like], view[purchase]])
    timestamp_ms = np.concatenate([views.timestamp_ms, like_ms[like], purchase_ms[purchase]])
    event_type = np.repeat([VIEW, LIKE, PURCHASE], [len(item), like.sum(), purchase.sum()])
    order = np.argsort(timestamp_ms, kind="stable")
    source = source[order]
    return EventLog(
        user=views.user[source],
        item=item[source],
        timestamp_ms=timestamp_ms[order],
        event_type=event_type[order],
        device=views.device[source],
    )


def _sigmoid(logit: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    return 1.0 / (1.0 + np.exp(-logit))
