"""The clean log: times, sessions and follow-ups."""

import numpy as np

from pipeline.demo.choice_model import SESSION_GAP_MS
from pipeline.demo.oracle import first_interactions
from pipeline.demo.sessions import MAX_VIEWS_PER_SESSION, draw_views
from pipeline.demo.settings import END_MS
from pipeline.demo.simulate import LIKE, PURCHASE, VIEW, EventLog, simulate
from pipeline.demo.world import DemoWorld, build_world


def test_same_settings_same_log(small_world: DemoWorld, small_log: EventLog) -> None:
    again = simulate(build_world(small_world.settings))
    for name in ("user", "item", "timestamp_ms", "event_type", "device"):
        np.testing.assert_array_equal(getattr(again, name), getattr(small_log, name))


def test_events_are_sorted_and_inside_the_period(
    small_world: DemoWorld, small_log: EventLog
) -> None:
    assert (np.diff(small_log.timestamp_ms) >= 0).all()
    assert small_log.timestamp_ms[0] >= small_world.settings.start_ms
    assert small_log.timestamp_ms[-1] < END_MS


def test_books_have_no_event_before_they_are_added(
    small_world: DemoWorld, small_log: EventLog
) -> None:
    assert (small_log.timestamp_ms >= small_world.items.added_at_ms[small_log.item]).all()


def test_first_interactions_are_exactly_the_views(small_log: EventLog) -> None:
    views = np.flatnonzero(small_log.event_type == VIEW)
    np.testing.assert_array_equal(first_interactions(small_log), views)


def test_likes_and_purchases_follow_their_view_directly(small_log: EventLog) -> None:
    order = np.lexsort((small_log.timestamp_ms, small_log.user))
    user, item, kind = (
        column[order] for column in (small_log.user, small_log.item, small_log.event_type)
    )
    later = np.flatnonzero(kind != VIEW)
    assert (user[later] == user[later - 1]).all()
    assert (item[later] == item[later - 1]).all()
    assert 0.05 < (kind == LIKE).mean() < 0.25
    assert 0.02 < (kind == PURCHASE).mean() < 0.15


def test_sessions_have_one_device_and_a_plausible_length(small_world: DemoWorld) -> None:
    views = draw_views(small_world)
    pause = np.diff(views.timestamp_ms)
    same_user = np.diff(views.user) == 0
    assert (pause[same_user] > 0).all()
    in_session = same_user & (pause <= SESSION_GAP_MS)
    assert (np.diff(views.device)[in_session] == 0).all()
    length = np.bincount(np.concatenate([[0], np.cumsum(~in_session)]))
    assert length.max() <= MAX_VIEWS_PER_SESSION
    assert 3 < length.mean() < 7
