"""A generated interaction log in JSON Lines, the same every time.

There is one user per 50 events, with log-normal activity. Item popularity follows Zipf's law.
Events are sorted by time, and one line in 200 repeats the previous line. No user has two different
events in one second, so that the times alone determine the order of a user's events.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.settings import DataSettings, from_dict

SEED = 20_240_501
NUM_ITEMS = 30_000
EVENTS_PER_USER = 50
EVENT_TYPES = ("view", "cart", "purchase")
EVENT_TYPE_SHARES = (0.8, 0.15, 0.05)
ONE_REPEAT_IN = 200

_FIRST_S = 1_700_000_000
_DURATION_S = 180 * 86_400
_ACTIVITY_SIGMA = 1.2
_ZIPF_EXPONENT = 0.8
_MAX_CENTS = 20_000
_LINES_PER_CHUNK = 1_000_000
# Share of additional draws that replace those with a (user, second) that was already drawn.
_SPARE_SHARE = 0.05


def log_settings(log: str) -> DataSettings:
    """Returns the configuration that reads the log; all other settings have their defaults."""
    names = ("user_id", "item_id", "timestamp", "event_type", "value")
    fields = {name: name for name in names}
    return from_dict(
        DataSettings, {"interactions": {"path": log, "format": "jsonl", "fields": fields}}
    )


def write_log(path: Path, num_events: int) -> None:
    """Writes `num_events` lines of about 100 bytes."""
    rng = np.random.default_rng(SEED)
    num_users = max(1, num_events // EVENTS_PER_USER)
    user_shares = rng.lognormal(sigma=_ACTIVITY_SIGMA, size=num_users)
    item_shares = np.arange(1, NUM_ITEMS + 1) ** -_ZIPF_EXPONENT
    rng.shuffle(item_shares)
    sizes = [len(chunk) for chunk in _chunks(num_events)]
    bounds_s = _FIRST_S + _DURATION_S * np.cumsum([0, *sizes]) // num_events
    with open(path, "wb") as file:
        for size, begin_s, end_s in zip(sizes, bounds_s[:-1], bounds_s[1:], strict=True):
            users, times = _users_and_times(rng, user_shares, size, begin_s, end_s)
            items = _draw(rng, item_shares, size)
            types = _draw(rng, np.array(EVENT_TYPE_SHARES), size)
            lines = _lines(users, items, times, types, rng.integers(1, _MAX_CENTS, size))
            file.write(lines)


def _chunks(num_events: int) -> Iterator[range]:
    for begin in range(0, num_events, _LINES_PER_CHUNK):
        yield range(begin, min(begin + _LINES_PER_CHUNK, num_events))


def _draw(
    rng: np.random.Generator, shares: npt.NDArray[np.floating[Any]], size: int
) -> npt.NDArray[np.int64]:
    """Returns [size] indices, drawn in proportion to `shares`."""
    cumulative = np.cumsum(shares)
    return np.searchsorted(cumulative, rng.random(size) * cumulative[-1])


def _users_and_times(
    rng: np.random.Generator,
    shares: npt.NDArray[np.float64],
    size: int,
    begin_s: int,
    end_s: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns [size] users and [size] seconds in ascending order, with distinct pairs."""
    drawn = int(size * (1 + _SPARE_SHARE)) + 1
    times = rng.integers(begin_s, end_s, drawn)
    distinct = np.unique(times * len(shares) + _draw(rng, shares, drawn))
    if len(distinct) < size:
        raise RuntimeError(
            f"drew {len(distinct)} distinct events, expected at least {size}: increase _SPARE_SHARE"
        )
    kept = np.sort(rng.choice(len(distinct), size, replace=False))
    return distinct[kept] % len(shares), distinct[kept] // len(shares)


def _lines(
    users: npt.NDArray[np.int64],
    items: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    types: npt.NDArray[np.int64],
    cents: npt.NDArray[np.int64],
) -> bytes:
    """Returns the lines of the events, with repeated lines."""
    source = np.arange(len(users))
    source[ONE_REPEAT_IN::ONE_REPEAT_IN] -= 1
    lines = pc.binary_join_element_wise(
        '{"user_id":"u',
        _digits(users[source], 8),
        '","item_id":"i',
        _digits(items[source], 6),
        '","timestamp":',
        pa.array(times[source]).cast(pa.string()),
        ',"event_type":"',
        pa.array(EVENT_TYPES).take(pa.array(types[source])),
        '","value":',
        pa.array(cents[source] / 100).cast(pa.string()),
        "}\n",
        "",
    )
    return b"".join(memoryview(buffer) for buffer in lines.buffers()[2:])


def _digits(numbers: npt.NDArray[np.int64], width: int) -> pa.Array:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
