"""When users look at books: sessions, their times and devices, before any book is chosen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.demo.catalogue import Ints
from pipeline.demo.readers import DEVICES
from pipeline.demo.settings import DAY_MS
from pipeline.demo.world import World

HOUR_MS = 3_600_000
FIRST_HOUR = 6  # sessions start from 06:00 until before 23:00 UTC
HOUR_WEIGHTS = np.array([2, 4, 5, 4, 3, 3, 5, 4, 3, 3, 3, 4, 5, 7, 8, 8, 5], dtype=np.float64)
DEVICE_BY_HOUR = {8: (0.85, 0.1, 0.05), 18: (0.3, 0.6, 0.1), 24: (0.4, 0.15, 0.45)}
"""Until this hour: shares of mobile (commute), desktop (office), tablet (evening)."""
MAIN_DEVICE_SHARE = 0.5  # of sessions on the user's main device, whatever the hour

VIEWS_PER_SESSION_MEAN, MAX_VIEWS_PER_SESSION = 5.0, 20
VIEW_GAP_MEDIAN_S, VIEW_GAP_SIGMA = 150.0, 0.8
MIN_VIEW_GAP_S, MAX_VIEW_GAP_S = 60.0, 900.0


@dataclass(frozen=True)
class Views:
    """Moments at which a user looks at a book, ordered by user, then time.

    Attributes:
        user: [n] int64.
        timestamp_ms: [n] int64, strictly increasing within a user.
        device: [n] int64, one for a whole session.
    """

    user: Ints
    timestamp_ms: Ints
    device: Ints


def draw_views(world: World) -> Views:
    """Draws every user's sessions, at most one a day.

    A session starts before 23:00 and lasts at most 19 · 15 minutes, so it ends before the next
    day's first hour: sessions of one user never overlap, and pauses between them exceed
    `choice.SESSION_GAP_MS`, which no pause within one does.
    """
    rng = world.settings.rng("sessions")
    user, day = _session_days(rng, world)
    num = len(user)
    hour = FIRST_HOUR + rng.choice(len(HOUR_WEIGHTS), num, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    device = _devices(rng, world, user, hour)
    start_ms = world.settings.start_ms + day * DAY_MS + hour * HOUR_MS
    start_ms += rng.integers(0, HOUR_MS, num)
    length = np.minimum(rng.geometric(1 / VIEWS_PER_SESSION_MEAN, num), MAX_VIEWS_PER_SESSION)

    first = np.cumsum(length) - length
    gap_s = VIEW_GAP_MEDIAN_S * rng.lognormal(0.0, VIEW_GAP_SIGMA, int(length.sum()))
    gap_ms = (1000 * np.clip(gap_s, MIN_VIEW_GAP_S, MAX_VIEW_GAP_S)).astype(np.int64)
    gap_ms[first] = 0
    elapsed = np.cumsum(gap_ms)
    elapsed -= np.repeat(elapsed[first], length)
    return Views(
        user=np.repeat(user, length),
        timestamp_ms=np.repeat(start_ms, length) + elapsed,
        device=np.repeat(device, length),
    )


def _session_days(rng: np.random.Generator, world: World) -> tuple[Ints, Ints]:
    """Returns the user and the day of every session, ordered by both.

    The last day starts no session, so that none runs past the end of the log.
    """
    readers, num_days = world.readers, world.settings.num_days - 1
    draw = rng.random((len(readers.joined_day), num_days))
    draw[np.arange(num_days) < readers.joined_day[:, None]] = np.inf
    rank = np.argsort(np.argsort(draw, axis=1), axis=1)
    chosen = (rank < readers.num_sessions[:, None]) & np.isfinite(draw)
    user, day = np.nonzero(chosen)
    return user, day


def _devices(rng: np.random.Generator, world: World, user: Ints, hour: Ints) -> Ints:
    limits = np.array(list(DEVICE_BY_HOUR))
    shares: npt.NDArray[np.float64] = np.array(list(DEVICE_BY_HOUR.values()))
    cumulative = shares.cumsum(axis=1)[np.searchsorted(limits, hour, side="right")]
    by_hour = (rng.random(len(user))[:, None] >= cumulative[:, :-1]).sum(axis=1)
    on_main = rng.random(len(user)) < MAIN_DEVICE_SHARE
    device: Ints = np.where(on_main, world.readers.main_device[user], by_hour)
    assert device.max(initial=0) < len(DEVICES)
    return device
