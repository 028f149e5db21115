"""A small synthetic dataset in which the next item of every user is predictable."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

START_S = 1_700_000_000
SECONDS_PER_EVENT = 600
GENRES = ("crime", "poetry", "travel")


def item_id(number: int) -> str:
    """Returns the id of an item."""
    return f"item-{number:03d}"


def next_item(current: str, num_items: int = 30) -> str:
    """Returns the item that every user of the dataset interacts with after `current`."""
    return item_id((int(current.removeprefix("item-")) + 1) % num_items)


def write_chain_dataset(
    directory: str | Path,
    num_users: int = 24,
    num_items: int = 30,
    events_per_user: int = 15,
    seed: int = 0,
) -> dict[str, Any]:
    """Writes a log, a catalogue and a users file in which each item determines the next one.

    The items form a ring. Every user starts at a random item, and each event is followed by an
    event with `next_item`. The events of all users are interleaved, so that a split by time divides
    the events of every user. If `events_per_user` is at most `num_items`, no user has an item
    twice.

    Args:
      directory: Folder for `log.jsonl`, `items.csv` and `users.csv`.
      num_users: Number of users; their ids start with `user-000`.
      num_items: Number of items; their ids start with `item-000`.
      events_per_user: Number of events per user.
      seed: Seed of devices, values and start items.

    Returns:
      The data settings as plain values for `from_dict(DataSettings, ...)`; a complete configuration
      also needs `name` and `output`.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    _write_log(folder / "log.jsonl", num_users, num_items, events_per_user, rng)
    _write_csv(
        folder / "items.csv",
        ["item", "title", "genres", "price", "added"],
        [
            [
                item_id(n),
                f"the {GENRES[n % 3]} of {n}",
                "|".join(sorted({GENRES[n % 3], GENRES[n // 3 % 3]})),
                5 + n,
                START_S - 86_400,
            ]
            for n in range(num_items)
        ],
    )
    _write_csv(
        folder / "users.csv",
        ["user", "segment", "age"],
        [[f"user-{u:03d}", "ab"[u % 2], 20 + u] for u in range(num_users)],
    )
    return {
        "interactions": {
            "path": str(folder / "log.jsonl"),
            "format": "jsonl",
            "fields": {
                "user_id": "user",
                "item_id": "item",
                "timestamp": "time",
                "event_type": "type",
                "value": "amount",
            },
            "context": {"device": {"kind": "category"}},
        },
        "items": {
            "path": str(folder / "items.csv"),
            "format": "csv",
            "fields": {"item_id": "item", "available_at": "added"},
            "features": {
                "title": {"kind": "text"},
                "genres": {"kind": "categories"},
                "price": {"kind": "number"},
            },
        },
        "users": {
            "path": str(folder / "users.csv"),
            "format": "csv",
            "fields": {"user_id": "user"},
            "features": {"segment": {"kind": "category"}, "age": {"kind": "number"}},
        },
        "history": {"max_length": 8},
    }


def _write_log(
    path: Path, num_users: int, num_items: int, events_per_user: int, rng: np.random.Generator
) -> None:
    starts = rng.integers(num_items, size=num_users)
    with path.open("w") as file:
        for turn in range(events_per_user):
            for user in range(num_users):
                event = {
                    "user": f"user-{user:03d}",
                    "item": item_id(int(starts[user] + turn) % num_items),
                    "time": START_S + (turn * num_users + user) * SECONDS_PER_EVENT,
                    "type": "purchase" if turn % 4 == 3 else "view",
                    "amount": round(float(rng.uniform(1, 9)), 2),
                    "device": ("phone", "web")[int(rng.integers(2))],
                }
                file.write(json.dumps(event) + "\n")


def _write_csv(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
