"""The items that the illustrations show, each once, with id, title and category."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import NO_ITEM
from components.examples.read import RawCatalogue
from schemas.features import Feature, FeatureTable, title_feature

MAX_TITLE_CHARACTERS = 120
# A colour for each value; more are not distinguishable.
MAX_CATEGORIES = 9
OTHERS, MISSING = "(others)", "(missing)"


class ShownItems:
    """Numbers the items in the order in which the illustrations first mention them.

    Illustrations refer to an item by its number, so that its texts are written once.
    """

    def __init__(self, catalogue: RawCatalogue, table: FeatureTable):
        """Creates a register without items.

        Args:
          catalogue: The candidates.
          table: The features of the items.
        """
        self._catalogue = catalogue
        self._title = title_feature(table)
        self._category = _colour_feature(catalogue, table)
        self._numbers: dict[int, int] = {}

    def numbers(self, rows: npt.NDArray[np.int64]) -> list[int]:
        """Returns the numbers of rows of the catalogue ([num_rows] int64), without NO_ITEM."""
        return [
            self._numbers.setdefault(int(row), len(self._numbers)) for row in rows if row != NO_ITEM
        ]

    def to_json(self) -> dict[str, Any]:
        """Returns the columns `id`, `title` and `category`, and the name of the category feature.

        `title` is None without a text feature, `category` without a category feature.
        """
        rows = np.fromiter(self._numbers, np.int64, len(self._numbers))
        features = self._catalogue.features
        return {
            "id": [_text(value) for value in self._catalogue.item_id[rows]],
            "title": (
                None
                if self._title is None
                else [_title(value) for value in features[self._title.name][rows]]
            ),
            "category": (
                None
                if self._category is None
                else _categories(_first_values(features[self._category.name]), rows)
            ),
            "category_feature": None if self._category is None else self._category.name,
        }


def _colour_feature(catalogue: RawCatalogue, table: FeatureTable) -> Feature | None:
    """Returns the category feature with the fewest values, of those with two or more, if any."""
    numbers = {
        feature.name: len(set(_first_values(catalogue.features[feature.name])) - {b""})
        for feature in table.item
        if feature.holds_categories
    }
    several = [f for f in table.item if numbers.get(f.name, 0) > 1]
    return min(several, key=lambda feature: numbers[feature.name], default=None)


def _first_values(values: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """Returns [num_items] bytes, the category of each item, or the first of its categories."""
    return values[:, 0] if values.ndim == 2 else values


def _categories(values: npt.NDArray[np.object_], rows: npt.NDArray[np.int64]) -> list[str]:
    """Returns the categories of some rows; those that are rare in the catalogue as OTHERS."""
    counts = Counter(value for value in values if value != b"")
    frequent = {value for value, _ in counts.most_common(MAX_CATEGORIES)}
    return [
        _text(value) if value in frequent else OTHERS if value != b"" else MISSING
        for value in values[rows]
    ]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _title(value: bytes) -> str:
    title = " ".join(_text(value).split())
    if len(title) > MAX_TITLE_CHARACTERS:
        return f"{title[: MAX_TITLE_CHARACTERS - 1]}…"
    return title
