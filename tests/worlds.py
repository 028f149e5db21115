"""Small logs with a known answer."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

START_S = 1_700_000_000
SECONDS_PER_EVENT = 600
GENRES = ("crime", "poetry", "travel")


def item_id(number: int) -> str:
    """The id of the item `number`."""
    return f"item-{number:03d}"


def next_item(current: str, num_items: int = 30) -> str:
    """The item that every user of the chain world takes after `current`."""
    return item_id((int(current.removeprefix("item-")) + 1) % num_items)


def write_chain_world(
    directory: str | Path,
    num_users: int = 24,
    num_items: int = 30,
    events_per_user: int = 15,
    seed: int = 0,
) -> dict[str, Any]:
    """Writes a log, a catalogue and a users file in which the next item is always known.

    Every user walks the ring of items from a place of their own: after an item comes
    `next_item` of it. Users take turns, so a split by time cuts every user's walk. With
    `events_per_user` up to `num_items` nobody meets an item twice.

    Args:
      directory: Where to write `log.jsonl`, `items.csv` and `users.csv`.
      num_users: Users `user-000` and on.
      num_items: Items `item-000` and on.
      events_per_user: Length of each walk.
      seed: Of devices, values and starting places.

    Returns:
      Settings as plain values: `from_dict(DataSettings, ...)` accepts them; add `name` and
      `output` for a whole configuration.
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
