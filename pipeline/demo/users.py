"""The users of the demo world: features, tastes and numbers of sessions."""

from dataclasses import dataclass

import numpy as np

from pipeline.demo.catalogue import GENRES, NUM_FACTORS, Floats, Ints
from pipeline.demo.settings import DemoSettings
from pipeline.demo.words import AGE_BANDS, LOCATIONS

DEVICES: tuple[str, ...] = ("mobile", "desktop", "tablet")
DEVICE_SHARES = (0.55, 0.3, 0.15)

AGE_SIGMA, LOCATION_SIGMA, OWN_SIGMA = 2.0, 1.3, 0.8  # scales of the log-affinity to a genre
NUM_SESSIONS_MEDIAN, NUM_SESSIONS_SIGMA, MAX_SESSIONS = 9.7, 0.75, 40
PRESENT_SHARE = 0.6  # share of users present from the first day; others join during the log


@dataclass(frozen=True)
class Users:
    """The users; row u of every array describes user u.

    Attributes:
      age_band: [num_users] int64, index into `AGE_BANDS`.
      location: [num_users] int64, index into `LOCATIONS`.
      genre_affinity: [num_users, num_genres] float32, on a log scale.
      factors: [num_users, NUM_FACTORS] float32.
      main_device: [num_users] int64, index into `DEVICES`.
      joined_day: [num_users] int64, first day of the log on which the user can have a session.
      num_sessions: [num_users] int64, maximum number of sessions in the log.
    """

    age_band: Ints
    location: Ints
    genre_affinity: Floats
    factors: Floats
    main_device: Ints
    joined_day: Ints
    num_sessions: Ints

    def user_id(self, user: int) -> str:
        """Returns the user id of a row."""
        return f"u{user:05d}"


def build_users(settings: DemoSettings) -> Users:
    """Generates the users, whose genre affinity depends on age, location and a personal term."""
    # The generated log depends on this name.
    rng = settings.rng("readers")
    num_users, num_genres = settings.num_users, len(GENRES)
    age_band = rng.choice(len(AGE_BANDS), num_users, p=[0.2, 0.25, 0.25, 0.2, 0.1])
    location = rng.choice(len(LOCATIONS), num_users, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.15])
    affinity = (
        rng.normal(0, AGE_SIGMA, (len(AGE_BANDS), num_genres))[age_band]
        + rng.normal(0, LOCATION_SIGMA, (len(LOCATIONS), num_genres))[location]
        + rng.normal(0, OWN_SIGMA, (num_users, num_genres))
    )
    last_join = settings.num_days - settings.num_days // 20
    joined_day = np.where(
        rng.random(num_users) < PRESENT_SHARE, 0, rng.integers(0, last_join, num_users)
    )
    wanted = NUM_SESSIONS_MEDIAN * rng.lognormal(0.0, NUM_SESSIONS_SIGMA, num_users)
    present = (settings.num_days - joined_day) / settings.num_days
    num_sessions = np.clip(np.round(wanted * present**0.5), 1, MAX_SESSIONS).astype(np.int64)
    return Users(
        age_band=age_band,
        location=location,
        genre_affinity=affinity.astype(np.float32),
        factors=rng.normal(size=(num_users, NUM_FACTORS)).astype(np.float32),
        main_device=rng.choice(len(DEVICES), num_users, p=DEVICE_SHARES),
        joined_day=joined_day,
        num_sessions=num_sessions,
    )
