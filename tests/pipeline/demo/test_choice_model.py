"""The choice model: a distribution over the available books that a user has not seen."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.demo.choice_model import (
    RECENCY_DECAY,
    SESSION_GAP_MS,
    WEIGHTS_AT_START,
    WEIGHTS_IN_SESSION,
    ChoiceSituations,
    probabilities,
)
from pipeline.demo.oracle import held_out_targets
from pipeline.demo.settings import DAY_MS
from pipeline.demo.simulate import EventLog
from pipeline.demo.world import DemoWorld


def situation(
    world: DemoWorld, recent: tuple[int, int], pause_ms: int = 60_000
) -> ChoiceSituations:
    """Returns one situation of user 0 on the last day, who has seen only `recent`."""
    now_ms = world.settings.start_ms + (world.settings.num_days - 1) * DAY_MS
    seen = np.zeros((1, len(world.items.title)), dtype=bool)
    seen[0, [book for book in recent if book >= 0]] = True
    return ChoiceSituations(
        user=np.array([0]),
        timestamp_ms=np.array([now_ms]),
        device=np.array([0]),
        recent=np.array([recent]),
        last_ms=np.array([now_ms - pause_ms]),
        seen=seen,
    )


def taste_component(world: DemoWorld, now: ChoiceSituations) -> npt.NDArray[np.float32]:
    """Returns the taste component of the formula for one situation."""
    allowed = (world.items.added_at_ms <= now.timestamp_ms[0]) & ~now.seen[0]
    mass = world.taste[0] * world.items.popularity[-1] * world.device_fit[0] * allowed
    return mass / mass.sum()


def book_with_next_part(world: DemoWorld) -> int:
    """Returns a book whose next part is available on the last day."""
    last_day_ms = world.settings.start_ms + (world.settings.num_days - 1) * DAY_MS
    following = world.items.next_part
    usable = (following >= 0) & (world.items.added_at_ms[following] <= last_day_ms)
    return int(np.flatnonzero(usable)[0])


def test_rows_sum_to_one_and_exclude_seen_and_unavailable(
    small_world: DemoWorld, small_log: EventLog
) -> None:
    now = held_out_targets(small_log, 600).situations
    probability = probabilities(small_world, now)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-4)
    excluded = now.seen | (small_world.items.added_at_ms > now.timestamp_ms[:, None])
    assert (probability[excluded] == 0).all()
    assert (probability[~excluded] > 0).all()


def test_the_first_choice_depends_only_on_taste(small_world: DemoWorld) -> None:
    now = situation(small_world, (-1, -1))
    np.testing.assert_allclose(
        probabilities(small_world, now)[0], taste_component(small_world, now), rtol=1e-4
    )


@pytest.mark.parametrize(
    ("pause_ms", "weights"),
    [(SESSION_GAP_MS, WEIGHTS_IN_SESSION), (SESSION_GAP_MS + 1, WEIGHTS_AT_START)],
)
def test_next_part_gets_the_series_weight(
    small_world: DemoWorld, pause_ms: int, weights: tuple[float, float, float]
) -> None:
    book = book_with_next_part(small_world)
    following = small_world.items.next_part[book]
    now = situation(small_world, (book, -1), pause_ms)
    own_taste = taste_component(small_world, now)[following]
    assert probabilities(small_world, now)[0, following] == pytest.approx(
        weights[0] + weights[2] * own_taste, rel=1e-4
    )


def test_the_next_part_of_an_older_book_is_less_likely(small_world: DemoWorld) -> None:
    book = book_with_next_part(small_world)
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


def test_a_user_who_has_seen_everything_is_an_error(small_world: DemoWorld) -> None:
    now = situation(small_world, (0, -1))
    with pytest.raises(ValueError, match="u00000 has seen every available book"):
        probabilities(small_world, replace(now, seen=np.ones_like(now.seen)))
