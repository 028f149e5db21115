"""Defects added to the event log in known numbers.

They are malformed lines, duplicates, unknown items, future timestamps and bots.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.demo.catalogue import Ints
from pipeline.demo.settings import DAY_MS
from pipeline.demo.simulate import EVENT_TYPES, EventLog
from pipeline.demo.users import DEVICES
from pipeline.demo.world import DemoWorld

# Shares are relative to the number of clean events.
MALFORMED_SHARE = 0.010
DUPLICATE_SHARE = 0.015
UNKNOWN_ITEM_SHARE = 0.010
FUTURE_SHARE = 0.003
BOT_SHARE = 0.0125  # per bot

BOT_DAYS = (0.35, 0.65)  # the day on which each bot is active, as a fraction of the log
NUM_UNKNOWN_ITEMS = 40
FUTURE_MS = 4_102_444_800_000
"""2100-01-01T00:00:00Z, the earliest future timestamp, in milliseconds since the epoch."""
TEXT_LINE = "-- collector restarted, log rotated --"


@dataclass(frozen=True)
class LineCounts:
    """Numbers of lines of the event log by kind; the kinds sum to `lines`."""

    lines: int
    clean: int
    malformed: int
    duplicate: int
    unknown_item: int
    future_timestamp: int
    bot: int

    def to_dict(self) -> dict[str, int]:
        """Returns the counts as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class _Records:
    """Well-formed records and the time at which the collector received each."""

    arrival_ms: Ints
    fields: list[tuple[str, str, int, str, str]]  # user, item, ts, type, device


def bot_ids(world: DemoWorld) -> list[str]:
    """Returns the user ids of the bots, which are not in the users file."""
    first = world.settings.num_users
    return [world.users.user_id(first + b) for b in range(len(BOT_DAYS))]


def log_lines(world: DemoWorld, log: EventLog) -> tuple[list[str], LineCounts]:
    """Returns the lines of the event log in order of arrival, and their numbers by kind.

    A record arrives at its timestamp, except that a record with a future timestamp arrives at its
    true time. A duplicate repeats a clean line exactly and follows it directly. Event ids are
    numbered in order of arrival.
    """
    # The generated log depends on this name.
    rng = world.settings.rng("dirt")
    groups = [
        _clean(world, log),
        _unknown_items(rng, world, log),
        _future_timestamps(rng, world, log),
    ]
    groups += [_bot(rng, world, b, round(BOT_SHARE * len(log))) for b in range(len(BOT_DAYS))]
    kind = np.repeat(np.arange(len(groups)), [len(g.fields) for g in groups])
    order = np.argsort(np.concatenate([g.arrival_ms for g in groups]), kind="stable")
    fields = [record for group in groups for record in group.fields]
    lines = [_line(n, *fields[i]) for n, i in enumerate(order)]

    num_duplicates = round(DUPLICATE_SHARE * len(log))
    clean_lines = np.flatnonzero(kind[order] == 0)
    repeated = set(rng.choice(clean_lines, num_duplicates, replace=False).tolist())
    malformed = _malformed(rng, lines, round(MALFORMED_SHARE * len(log)))
    written: list[str] = []
    for n, line in enumerate(lines):
        written.extend(malformed.get(n, ()))
        written.extend([line] * (2 if n in repeated else 1))
    sizes = [len(group.fields) for group in groups]
    return written, LineCounts(
        lines=len(written),
        clean=sizes[0],
        malformed=len(written) - len(lines) - num_duplicates,
        duplicate=num_duplicates,
        unknown_item=sizes[1],
        future_timestamp=sizes[2],
        bot=sum(sizes[3:]),
    )


def _line(number: int, user: str, item: str, ts: int, event_type: str, device: str) -> str:
    return (
        f'{{"event_id":"e{number:07d}","user":"{user}","item":"{item}","ts":{ts},'
        f'"type":"{event_type}","device":"{device}"}}'
    )


def _records(world: DemoWorld, log: EventLog, at: Ints) -> list[tuple[str, str, int, str, str]]:
    users, items = world.users, world.items
    return [
        (users.user_id(u), items.item_id(i), t, EVENT_TYPES[e], DEVICES[d])
        for u, i, t, e, d in zip(
            log.user[at].tolist(),
            log.item[at].tolist(),
            log.timestamp_ms[at].tolist(),
            log.event_type[at].tolist(),
            log.device[at].tolist(),
            strict=True,
        )
    ]


def _clean(world: DemoWorld, log: EventLog) -> _Records:
    return _Records(log.timestamp_ms, _records(world, log, np.arange(len(log))))


def _unknown_items(rng: np.random.Generator, world: DemoWorld, log: EventLog) -> _Records:
    """Returns copies of clean events, one second later, with items outside the catalogue."""
    at = np.sort(rng.choice(len(log), round(UNKNOWN_ITEM_SHARE * len(log)), replace=False))
    item = world.settings.num_items + rng.integers(0, NUM_UNKNOWN_ITEMS, len(at))
    fields = [
        (user, world.items.item_id(int(i)), ts + 1000, event_type, device)
        for (user, _, ts, event_type, device), i in zip(_records(world, log, at), item, strict=True)
    ]
    return _Records(log.timestamp_ms[at] + 1000, fields)


def _future_timestamps(rng: np.random.Generator, world: DemoWorld, log: EventLog) -> _Records:
    """Returns copies of clean events with timestamps in the year 2100."""
    at = np.sort(rng.choice(len(log), round(FUTURE_SHARE * len(log)), replace=False))
    shift = FUTURE_MS - world.settings.start_ms
    fields = [(u, i, ts + shift, e, d) for u, i, ts, e, d in _records(world, log, at)]
    return _Records(log.timestamp_ms[at], fields)


def _bot(rng: np.random.Generator, world: DemoWorld, bot: int, num_views: int) -> _Records:
    """Returns one day of a crawler, which views all available books repeatedly."""
    day_ms = world.settings.start_ms + int(BOT_DAYS[bot] * world.settings.num_days) * DAY_MS
    ts = day_ms + np.sort(rng.integers(0, DAY_MS, num_views))
    available = np.flatnonzero(world.items.added_at_ms <= day_ms)
    item = np.resize(rng.permutation(available), num_views)
    user = bot_ids(world)[bot]
    fields = [
        (user, world.items.item_id(i), t, "view", "desktop")
        for i, t in zip(item.tolist(), ts.tolist(), strict=True)
    ]
    return _Records(ts, fields)


def _malformed(rng: np.random.Generator, lines: Sequence[str], num: int) -> dict[int, list[str]]:
    """Returns truncated JSON objects and plain text, by the number of the line they precede."""
    broken: dict[int, list[str]] = {}
    for before in rng.integers(0, len(lines), num).tolist():
        line = lines[before]
        cut = line[: int(rng.integers(1, len(line)))]
        broken.setdefault(before, []).append(TEXT_LINE if rng.random() < 0.2 else cut)
    return broken
