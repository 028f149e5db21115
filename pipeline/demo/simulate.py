"""Fills the sessions with books drawn from the choice model, and adds likes and purchases."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.demo.catalogue import Floats, Ints
from pipeline.demo.choice import NUM_RECENT, Situations, probabilities
from pipeline.demo.sessions import Views, draw_views
from pipeline.demo.world import World

EVENT_TYPES: tuple[str, ...] = ("view", "like", "purchase")
VIEW, LIKE, PURCHASE = range(3)

LIKE_LOGIT, LIKE_TASTE_SLOPE = -1.75, 0.6
PURCHASE_LOGIT, PURCHASE_TASTE_SLOPE = -2.6, 0.4
PURCHASE_PRICE_SLOPE = -0.5  # per unit of log-price above the mean
LIKE_DELAY_MS = (5_000, 25_000)  # after the view; below sessions.MIN_VIEW_GAP_S
PURCHASE_DELAY_MS = (30_000, 55_000)


@dataclass(frozen=True)
class Log:
    """Clean events, ordered by time; all arrays [n] int64.

    Attributes:
        user: rows of the world's users.
        item: rows of the world's items.
        timestamp_ms: epoch milliseconds.
        event_type: index into `EVENT_TYPES`; a like or purchase repeats the book just viewed.
        device: index into `readers.DEVICES`.
    """

    user: Ints
    item: Ints
    timestamp_ms: Ints
    event_type: Ints
    device: Ints

    def __len__(self) -> int:
        return len(self.user)


def simulate(world: World) -> Log:
    """Returns the clean log of a world; the same world gives the same log."""
    views = draw_views(world)
    item = _choose_items(world, views)
    return _with_follow_ups(world, views, item)


def _choose_items(world: World, views: Views) -> Ints:
    """Draws the book of every view, all users' k-th views in one step."""
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
    for at in np.split(by_position, np.cumsum(np.bincount(position))[:-1]):
        user = views.user[at]
        now = Situations(
            user=user,
            timestamp_ms=views.timestamp_ms[at],
            device=views.device[at],
            recent=recent[user],
            last_ms=last_ms[user],
            seen=seen[user],
        )
        picked = _draw(probabilities(world, now), uniform[at])
        item[at] = picked
        seen[user, picked] = True
        last_ms[user] = now.timestamp_ms
        recent[user] = np.column_stack([picked, now.recent[:, :-1]])
    return item


def _draw(probability: Floats, uniform: npt.NDArray[np.float64]) -> Ints:
    """Inverts the cumulative distribution of each row at `uniform` in [0, 1)."""
    cumulative = np.cumsum(probability, axis=1, dtype=np.float64)
    return np.argmax(cumulative > (uniform * cumulative[:, -1])[:, None], axis=1)


def _with_follow_ups(world: World, views: Views, item: Ints) -> Log:
    """Adds the likes and purchases that follow a view before the same user's next one."""
    rng = world.settings.rng("follow-ups")
    log_taste = np.log(world.taste[views.user, item])
    liking = (log_taste - log_taste.mean()) / log_taste.std()
    log_price = np.log(world.items.price)
    dearness = (log_price - log_price.mean())[item]
    like = rng.random(len(item)) < _sigmoid(LIKE_LOGIT + LIKE_TASTE_SLOPE * liking)
    purchase = rng.random(len(item)) < _sigmoid(
        PURCHASE_LOGIT + PURCHASE_TASTE_SLOPE * liking + PURCHASE_PRICE_SLOPE * dearness
    )
    like_ms = views.timestamp_ms + rng.integers(*LIKE_DELAY_MS, len(item))
    purchase_ms = views.timestamp_ms + rng.integers(*PURCHASE_DELAY_MS, len(item))

    view = np.arange(len(item))
    source = np.concatenate([view, view[like], view[purchase]])
    timestamp_ms = np.concatenate([views.timestamp_ms, like_ms[like], purchase_ms[purchase]])
    event_type = np.repeat([VIEW, LIKE, PURCHASE], [len(item), like.sum(), purchase.sum()])
    order = np.argsort(timestamp_ms, kind="stable")
    source = source[order]
    return Log(
        user=views.user[source],
        item=item[source],
        timestamp_ms=timestamp_ms[order],
        event_type=event_type[order],
        device=views.device[source],
    )


def _sigmoid(logit: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return 1.0 / (1.0 + np.exp(-logit))
