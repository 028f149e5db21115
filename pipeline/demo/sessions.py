"""The sessions of the users: times and devices of all views, without the books."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.demo.catalogue import Ints
from pipeline.demo.settings import DAY_MS
from pipeline.demo.users import DEVICES
from pipeline.demo.world import DemoWorld

HOUR_MS = 3_600_000
FIRST_HOUR = 6  # sessions start between 06:00 and 23:00 UTC
HOUR_WEIGHTS = np.array([2, 4, 5, 4, 3, 3, 5, 4, 3, 3, 3, 4, 5, 7, 8, 8, 5], dtype=np.float64)
DEVICE_BY_HOUR = {8: (0.85, 0.1, 0.05), 18: (0.3, 0.6, 0.1), 24: (0.4, 0.15, 0.45)}
"""Shares of mobile, desktop and tablet before each hour: commute, office, evening."""
MAIN_DEVICE_SHARE = 0.5  # share of sessions on the user's main device at any hour

VIEWS_PER_SESSION_MEAN, MAX_VIEWS_PER_SESSION = 5.0, 20
VIEW_GAP_MEDIAN_S, VIEW_GAP_SIGMA = 150.0, 0.8
MIN_VIEW_GAP_S, MAX_VIEW_GAP_S = 60.0, 900.0


@dataclass(frozen=True)
class Views:
    """Views, ordered by user, then time.

    Attributes:
      user: [n] int64, rows of the users.
      timestamp_ms: [n] int64, milliseconds since the epoch, UTC; strictly increasing per user.
      device: [n] int64, index into `DEVICES`; constant within a session.
    """

    user: Ints
    timestamp_ms: Ints
    device: Ints


def draw_views(world: DemoWorld) -> Views:
    """Generates the views of all users, in at most one session per user and day.

    A session starts before 23:00 and lasts at most 19 · 15 minutes, so it ends before 06:00 of the
    next day. Sessions of a user therefore never overlap. Pauses between sessions exceed
    `choice_model.SESSION_GAP_MS`, and pauses within a session do not.
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


def _session_days(rng: np.random.Generator, world: DemoWorld) -> tuple[Ints, Ints]:
    """Returns the user and the day of every session, ordered by user, then day.

    No session starts on the last day, so that none continues after the end of the log.
    """
    users, num_days = world.users, world.settings.num_days - 1
    draw = rng.random((len(users.joined_day), num_days))
    draw[np.arange(num_days) < users.joined_day[:, None]] = np.inf
    rank = np.argsort(np.argsort(draw, axis=1), axis=1)
    chosen = (rank < users.num_sessions[:, None]) & np.isfinite(draw)
    user, day = np.nonzero(chosen)
    return user, day


def _devices(rng: np.random.Generator, world: DemoWorld, user: Ints, hour: Ints) -> Ints:
    limits = np.array(list(DEVICE_BY_HOUR))
    shares: npt.NDArray[np.float64] = np.array(list(DEVICE_BY_HOUR.values()))
    cumulative = shares.cumsum(axis=1)[np.searchsorted(limits, hour, side="right")]
    by_hour = (rng.random(len(user))[:, None] >= cumulative[:, :-1]).sum(axis=1)
    on_main = rng.random(len(user)) < MAIN_DEVICE_SHARE
    device: Ints = np.where(on_main, world.users.main_device[user], by_hour)
    assert device.max(initial=0) < len(DEVICES)
    return device
