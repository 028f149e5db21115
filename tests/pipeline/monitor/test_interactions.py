"""Target events of the users of some traffic, from an interaction log."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.user_hash import hashed_user_id
from pipeline.monitor.columns import Texts
from pipeline.monitor.interactions import TargetEvents, read_target_events
from schemas.errors import InputError
from schemas.settings import Settings, from_dict

KEY = b"0123456789abcdef"
USERS = ("u1", "", "u2")
ITEMS = Texts(np.zeros(0, np.int64), ("a", "b"))
EVENTS = [
    {"u": "u1", "i": "a", "t": 100, "k": "view"},
    {"u": "u1", "i": "a", "t": 101, "k": "buy"},
    {"u": "u1", "i": "z", "t": 102, "k": "buy"},
    {"u": "u1", "i": "b", "t": 103, "k": "return"},
    {"u": "U2", "i": "B", "t": 99, "k": "buy"},
    {"u": "U2", "i": "B", "t": 99, "k": "buy"},
    {"u": "other", "i": "a", "t": 50, "k": "view"},
    {"u": "other", "i": "a", "t": 500, "k": "buy"},
    {"u": "u1", "i": "a", "t": "no time", "k": "buy"},
]


def settings(folder: Path, events: list[Any] = EVENTS, **interactions: Any) -> Settings:
    path = folder / "events.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    log = {
        "path": str(path),
        "format": "jsonl",
        "fields": {"user_id": "u", "item_id": "i", "timestamp": "t", "event_type": "k"},
        **interactions,
    }
    return from_dict(
        Settings,
        {
            "name": "demo",
            "output": str(folder),
            "interactions": log,
            "ids": {"normalise": ["case"]},
            "targets": {"event_types": ["buy", "return"], "negative": {"event_types": ["return"]}},
        },
    )


def users(key: bytes | None = None) -> Texts:
    names = [hashed_user_id(user, key) if key and user else user for user in USERS]
    return Texts(np.zeros(0, np.int64), tuple(names))


def rows(events: TargetEvents) -> list[tuple[int, int, int]]:
    columns = (events.user.tolist(), events.item.tolist(), events.time_s.tolist())
    return sorted(zip(*columns, strict=True))


@pytest.mark.parametrize("key", [None, KEY])
def test_targets_of_the_users_are_read(tmp_path: Path, key: bytes | None) -> None:
    events = read_target_events(settings(tmp_path), users(key), ITEMS, key)

    assert rows(events) == [(0, -1, 102), (0, 0, 101), (2, 1, 99)]
    assert (events.first_s, events.last_s) == (50, 500)


def test_events_that_are_not_kept_are_no_targets(tmp_path: Path) -> None:
    log = settings(tmp_path, keep={"event_types": ["view", "return"]})

    assert len(read_target_events(log, users(), ITEMS, None)) == 0


@pytest.mark.parametrize(
    ("key", "events", "message"),
    [
        (
            None,
            [{"u": "U9", "i": "a", "t": 1, "k": "buy"}],
            "none of its 1 users is one of the 2 u",
        ),
        (KEY, EVENTS, "it is hashed by this command"),
        (None, [{"u": "u1", "i": "a", "t": "never", "k": "buy"}], "contains no readable event"),
    ],
)
def test_a_log_that_does_not_join_is_an_error(
    tmp_path: Path, key: bytes | None, events: list[Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_target_events(settings(tmp_path, events), users(), ITEMS, key)


def test_a_log_without_times_is_an_error(tmp_path: Path) -> None:
    fields = {"user_id": "u", "item_id": "i", "timestamp": "row_order"}

    with pytest.raises(InputError, match=r"has no times \(row_order\)"):
        read_target_events(settings(tmp_path, fields=fields), users(), ITEMS, None)
