"""A small shop: settings, fake towers, and the catalogue and windows as tf.Examples."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.features import FeatureTable, feature_table
from schemas.settings import DataSettings, from_dict
from tests.examples import write_split
from tests.serving.fake_towers import FakeTowers, item_vectors

COLOURS = ("red", "green", "blue")
MAX_HISTORY = 6


@dataclass(frozen=True)
class Shop:
    """The settings, items and artifact paths of a small shop.

    Attributes:
      data: The data settings.
      table: The features.
      item_id: Ids of all items.
      vectors: Item vectors of the fake towers, [num_items, dim] float32.
      model: Folder of the SavedModel of the fake towers.
      catalogue: Folder of the raw catalogue Examples.
      windows: Folder of the raw windows Examples.
    """

    data: DataSettings
    table: FeatureTable
    item_id: list[str]
    vectors: npt.NDArray[np.float32]
    model: str
    catalogue: str
    windows: str


def colour(row: int) -> str:
    """Returns the colour of the item in a row."""
    return COLOURS[row % len(COLOURS)]


def tags(row: int) -> list[str]:
    """Returns the tags of the item in a row: none, one or two."""
    return [[], ["new"], ["new", "sale"], ["sale"]][row % 4]


def price(row: int) -> float:
    """Returns the price of the item in a row; items whose price is equal have others between."""
    return float(row * 7 % 50)


def make_shop(folder: str, num_items: int, dim: int = 8, repeat: str = "exclude") -> Shop:
    """Writes towers, catalogue and windows to `folder`."""
    data = from_dict(
        DataSettings,
        {
            "interactions": {
                "path": "log.jsonl",
                "format": "jsonl",
                "fields": {"user_id": "user", "item_id": "item", "timestamp": "time"},
                "context": {"device": {"kind": "category"}},
            },
            "items": {
                "path": "items.csv",
                "format": "csv",
                "fields": {"item_id": "item"},
                "features": {
                    "title": {"kind": "text"},
                    "colour": {"kind": "category"},
                    "tags": {"kind": "categories"},
                    "price": {"kind": "number"},
                },
            },
            "users": {
                "path": "users.csv",
                "format": "csv",
                "fields": {"user_id": "user"},
                "features": {"age": {"kind": "number"}},
            },
            "repeat_interactions": repeat,
            "history": {"max_length": MAX_HISTORY},
        },
    )
    shop = Shop(
        data=data,
        table=feature_table(data),
        item_id=[f"item{row}" for row in range(num_items)],
        vectors=item_vectors(num_items, dim),
        model=os.path.join(folder, "towers"),
        catalogue=os.path.join(folder, "catalogue"),
        windows=os.path.join(folder, "windows"),
    )
    FakeTowers(shop.item_id, shop.vectors, shop.table).save(shop.model)
    write_split(shop.catalogue, "catalogue", [_item(shop, row) for row in range(num_items)])
    for split in ("train", "eval", "test"):
        write_split(shop.windows, split, [_window(shop, user) for user in range(20)])
    return shop


def _item(shop: Shop, row: int) -> dict[str, list[Any]]:
    return {
        "item_id": [shop.item_id[row]],
        "available_at": [-1],
        "title": [f"thing {row}"],
        "colour": [colour(row)],
        "tags": tags(row),
        "price": [price(row)],
    }


def _window(shop: Shop, user: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(user)
    length = MAX_HISTORY + 1
    rows = rng.integers(len(shop.item_id), size=length)
    return {
        "user_id": [f"user{user}"],
        "age": [30.0 + user],
        "item_id": [shop.item_id[row] for row in rows],
        "timestamp": list(range(1000, 1000 + length)),
        "event_type": ["view"] * length,
        "value": [float("nan")] * length,
        "device": ["phone"] * length,
        "is_target": [1] * length,
    }
