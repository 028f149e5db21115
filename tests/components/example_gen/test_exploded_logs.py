"""A log of sessions with a list of events gives the same result as a log of single events."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemas.settings import DataSettings
from tests.components.example_gen.logs import event, run, settings

# (user, item, time), in the order of the log; some are equal in time, invalid or repeated.
EVENTS: list[tuple[Any, ...]] = [
    ("u", "c", 5),
    ("u", "a", 5),
    ("u", "b", 5),
    ("u", "a", 5),
    ("u", "d", "soon"),
    *(("v", f"i{n}", 100 + n) for n in range(20)),
    ("v", "i3", 103),
    ("v", None, 104),
    *(("u", f"i{n}", 200 + n) for n in range(12)),
]


def nested(data: DataSettings, folder: Path) -> DataSettings:
    sessions: list[dict[str, Any]] = []
    for user, item, time in EVENTS:
        if not sessions or sessions[-1]["user"] != user:
            sessions.append({"user": user, "events": []})
        sessions[-1]["events"].append(
            {"item": item, "time": time, "type": "view", "value": 1, "id": ""}
        )
    path = folder / "sessions.jsonl"
    path.write_text("".join(json.dumps(session) + "\n" for session in sessions))
    fields = data.interactions.fields
    in_list = {name: f"events.{column}" for name, column in vars(fields).items()}
    interactions = replace(
        data.interactions,
        path=str(path),
        explode="events",
        fields=replace(fields, **{**in_list, "user_id": "user"}),
    )
    return replace(data, interactions=interactions)


def test_sessions_equal_single_events(tmp_path: Path) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "nested").mkdir()
    data = settings(tmp_path, [event(*values) for values in EVENTS])
    flat = run(data, tmp_path / "flat")
    exploded = run(nested(data, tmp_path), tmp_path / "nested")
    assert exploded.windows == flat.windows
    assert exploded.report.rejects == flat.report.rejects
    assert (exploded.report.read, exploded.report.kept) == (flat.report.read, flat.report.kept)
    assert exploded.report.rejects == {"bad_timestamp": 1, "duplicate": 2, "missing_field": 1}
    shown = sorted((reject["line"], reject["reason"]) for reject in exploded.rejects)
    assert shown == [
        (1, "bad_timestamp"),
        (1, "duplicate"),
        (2, "duplicate"),
        (2, "missing_field"),
    ]
    lines = (tmp_path / "sessions.jsonl").read_text().splitlines()
    for reject in exploded.rejects:  # Long records are cut.
        assert lines[reject["line"] - 1].startswith(reject["raw"].partition("… [cut")[0])
