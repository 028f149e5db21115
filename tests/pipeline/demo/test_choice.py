"""The choice model: a distribution over what is available and unseen."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.demo.choice import (
    RECENCY_DECAY,
    SESSION_GAP_MS,
    WEIGHTS_AT_START,
    WEIGHTS_IN_SESSION,
    Situations,
    probabilities,
)
from pipeline.demo.oracle import held_out_targets
from pipeline.demo.settings import DAY_MS
from pipeline.demo.simulate import Log
from pipeline.demo.world import World


def situation(world: World, recent: tuple[int, int], pause_ms: int = 60_000) -> Situations:
    """One situation of user 0 on the last day, having seen `recent` alone."""
    now_ms = world.settings.start_ms + (world.settings.num_days - 1) * DAY_MS
    seen = np.zeros((1, len(world.items.title)), dtype=bool)
    seen[0, [book for book in recent if book >= 0]] = True
    return Situations(
        user=np.array([0]),
        timestamp_ms=np.array([now_ms]),
        device=np.array([0]),
        recent=np.array([recent]),
        last_ms=np.array([now_ms - pause_ms]),
        seen=seen,
    )


def taste_component(world: World, now: Situations) -> np.ndarray:
    """The third component of the formula, written out for one situation."""
    allowed = (world.items.added_at_ms <= now.timestamp_ms[0]) & ~now.seen[0]
    mass = world.taste[0] * world.items.popularity[-1] * world.device_fit[0] * allowed
    return mass / mass.sum()


def followed(world: World) -> int:
    """A book whose next part is available on the last day."""
    last_day_ms = world.settings.start_ms + (world.settings.num_days - 1) * DAY_MS
    following = world.items.next_part
    usable = (following >= 0) & (world.items.added_at_ms[following] <= last_day_ms)
    return int(np.flatnonzero(usable)[0])


def test_rows_sum_to_one_and_exclude_seen_and_unavailable(
    small_world: World, small_log: Log
) -> None:
    now = held_out_targets(small_log, 600).situations
    probability = probabilities(small_world, now)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-4)
    excluded = now.seen | (small_world.items.added_at_ms > now.timestamp_ms[:, None])
    assert (probability[excluded] == 0).all()
    assert (probability[~excluded] > 0).all()


def test_first_pick_is_taste_alone(small_world: World) -> None:
    now = situation(small_world, (-1, -1))
    np.testing.assert_allclose(
        probabilities(small_world, now)[0], taste_component(small_world, now), rtol=1e-4
    )


@pytest.mark.parametrize(
    ("pause_ms", "weights"),
    [(SESSION_GAP_MS, WEIGHTS_IN_SESSION), (SESSION_GAP_MS + 1, WEIGHTS_AT_START)],
)
def test_next_part_gets_the_series_weight(
    small_world: World, pause_ms: int, weights: tuple[float, float, float]
) -> None:
    book = followed(small_world)
    following = small_world.items.next_part[book]
    now = situation(small_world, (book, -1), pause_ms)
    own_taste = taste_component(small_world, now)[following]
    assert probabilities(small_world, now)[0, following] == pytest.approx(
        weights[0] + weights[2] * own_taste, rel=1e-4
    )


def test_older_books_count_less(small_world: World) -> None:
    book = followed(small_world)
    following = small_world.items.next_part[book]
    last_day_ms = small_world.settings.start_ms + (small_world.settings.num_days - 1) * DAY_MS
    ends = small_world.items.next_part
    others = np.flatnonzero(
        (ends >= 0)
        & (small_world.items.added_at_ms[ends] <= last_day_ms)
        & (small_world.items.work != small_world.items.work[book])
    )
    newer = next(int(o) for o in others if following not in small_world.neighbour[o])
    now = situation(small_world, (newer, book))
    share = RECENCY_DECAY / (1 + RECENCY_DECAY)
    own_taste = taste_component(small_world, now)[following]
    assert probabilities(small_world, now)[0, following] == pytest.approx(
        WEIGHTS_IN_SESSION[0] * share + WEIGHTS_IN_SESSION[2] * own_taste, rel=1e-4
    )


def test_a_user_who_has_seen_everything_is_an_error(small_world: World) -> None:
    now = situation(small_world, (0, -1))
    with pytest.raises(ValueError, match="u00000 has seen every available book"):
        probabilities(small_world, replace(now, seen=np.ones_like(now.seen)))
