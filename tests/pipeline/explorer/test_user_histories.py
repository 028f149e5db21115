"""The newest events of users, from the windows of a run."""

from pathlib import Path

import pytest

from pipeline.explorer.user_histories import UserHistories, read_user_histories
from tests.examples import write_split
from tests.pipeline.explorer.explorable_run import (
    HISTORY,
    OLD_USER,
    OTHER_USER,
    START_S,
    STRANGE_USER,
    USER,
    ExplorableRun,
    window,
)


@pytest.fixture
def users(run: ExplorableRun) -> UserHistories:
    return read_user_histories(str(run.pipeline_root), run.shop.table)


def test_a_history_is_the_newest_window_of_the_latest_split(users: UserHistories) -> None:
    events = users.history(USER)
    assert events is not None
    assert [event["item_id"] for event in events] == HISTORY
    # Missing values are left out.
    assert events[0] == {
        "item_id": "item1",
        "timestamp": START_S,
        "event_type": "view",
        "device": "phone",
    }
    assert events[1]["value"] == 2.5


def test_other_splits_are_read_for_users_that_the_latest_lacks(users: UserHistories) -> None:
    assert users.search("", 5) == [USER, OTHER_USER]
    old = users.history(OLD_USER)
    assert old is not None
    assert [event["item_id"] for event in old] == ["item8"]
    assert users.search("c", 5) == [OLD_USER]
    assert [event["item_id"] for event in users.history(STRANGE_USER) or []] == ["item6"]
    assert users.history("nobody") is None


def test_sampled_users_are_evenly_spaced(run: ExplorableRun, tmp_path: Path) -> None:
    write_split(str(tmp_path), "test", [window(f"u{n:02}", ["item1"]) for n in range(50)])
    users = UserHistories(str(tmp_path), run.shop.table)
    assert users.sample(3) == ["u00", "u24", "u49"]
    assert len(users.sample(100)) == 50
    assert users.search("u4", 3) == ["u40", "u41", "u42"]


def test_a_run_without_windows_has_no_users(run: ExplorableRun, tmp_path: Path) -> None:
    for users in (
        read_user_histories(str(tmp_path), run.shop.table),
        UserHistories(str(tmp_path), run.shop.table),
    ):
        assert users.sample(3) == users.search("", 3) == []
        assert users.history(USER) is None
