"""The items of a run for people: titles, other features, and search by title."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.examples.read import RawCatalogue, read_raw_catalogue
from pipeline.commands.titles import one_line, title_feature
from pipeline.run_examples import newest_examples
from schemas.features import CATALOGUE_SPLIT, Feature, FeatureTable
from schemas.steps import CATALOGUE_EXAMPLE_GEN

# Values of a category that the page proposes, the most frequent first.
MAX_VALUES = 500


@dataclass(frozen=True)
class Number:
    """A number or a time of the items, by which a request can filter and weight.

    Attributes:
      name: The feature.
      is_time: Whether the values are seconds since the epoch, UTC.
      lowest: The lowest value in the catalogue; None without any.
      highest: The highest value.
    """

    name: str
    is_time: bool
    lowest: float | None
    highest: float | None


class Catalogue:
    """The items of a run."""

    def __init__(self, item_ids: Sequence[str], titles: Sequence[str] | None) -> None:
        """Indexes items without other features.

        Args:
          item_ids: Ids of the items.
          titles: Their titles in the same order; None if the items have none.
        """
        self.has_titles = titles is not None
        self._ids = list(item_ids)
        self._titles = [one_line(title) for title in titles or [""] * len(self._ids)]
        self._rows = {item: row for row, item in enumerate(self._ids)}
        self._texts = [
            folded(f"{title} {item}") for title, item in zip(self._titles, self._ids, strict=True)
        ]
        self._details: dict[str, npt.NDArray[Any]] = {}
        self.categories: dict[str, list[str]] = {}
        self.numbers: list[Number] = []

    @classmethod
    def of_examples(cls, catalogue: RawCatalogue, table: FeatureTable) -> "Catalogue":
        """Returns the items of a catalogue, with their titles, categories, numbers and times."""
        title = title_feature(table)
        titles = None if title is None else _texts(catalogue.features[title.name])
        items = cls(_texts(catalogue.item_id), titles)
        for feature in table.item_filters:
            values = catalogue.features[feature.name]
            items._details[feature.name] = values
            items.categories[feature.name] = _frequent_values(values)
        for feature in table.item_numbers:
            values = catalogue.features[feature.name]
            if not feature.is_timestamp:
                items._details[feature.name] = values
            items.numbers.append(_number(feature, values))
        return items

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, item: str) -> bool:
        return item in self._rows

    def describe(self, item: str) -> dict[str, Any]:
        """Returns the id, the title ("" without one) and the details of an item as JSON values.

        The details are texts such as `price 12.5`, of the features that the item has.
        """
        row = self._rows.get(item)
        if row is None:
            return {"item_id": item, "title": "", "details": []}
        details = [
            text for name, values in self._details.items() for text in _detail(name, values[row])
        ]
        return {"item_id": item, "title": self._titles[row], "details": details}

    def search(self, query: str, limit: int) -> list[str]:
        """Returns the ids of items whose title or id contains all words of a query.

        Titles that begin with the query come first, then those with a word that does, then others;
        case and accents do not matter.

        Args:
          query: Words or parts of words; "" matches every item.
          limit: Maximum number of items.
        """
        words = folded(query).split()
        phrase = " ".join(words)
        matches: tuple[list[int], list[int], list[int]] = ([], [], [])
        for row, text in enumerate(self._texts):
            if all(word in text for word in words):
                place = 0 if text.startswith(phrase) else 1 if f" {phrase}" in text else 2
                matches[place].append(row)
                if len(matches[0]) == limit:
                    break
        return [self._ids[row] for place in matches for row in place][:limit]


def read_catalogue(pipeline_root: str, table: FeatureTable) -> Catalogue | None:
    """Returns the items of the newest complete catalogue of a run; None if it has none.

    Args:
      pipeline_root: Folder of the artifacts of the run.
      table: The features of the run.
    """
    uri = newest_examples(pipeline_root, CATALOGUE_EXAMPLE_GEN, "examples", CATALOGUE_SPLIT)
    return None if uri is None else Catalogue.of_examples(read_raw_catalogue(uri, table), table)


def folded(text: str) -> str:
    """Returns a text for comparisons that ignore case and accents.

    >>> folded("Éclair  NOIR")
    'eclair  noir'
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _texts(values: npt.NDArray[Any]) -> list[str]:
    return [value.decode("utf-8", "replace") for value in values.tolist()]


def _frequent_values(values: npt.NDArray[Any]) -> list[str]:
    counts = Counter(value for value in values.ravel().tolist() if value)
    return [value.decode("utf-8", "replace") for value, _ in counts.most_common(MAX_VALUES)]


def _number(feature: Feature, values: npt.NDArray[Any]) -> Number:
    known = values[values >= 0] if feature.is_timestamp else values[np.isfinite(values)]
    lowest, highest = (float(known.min()), float(known.max())) if len(known) else (None, None)
    return Number(feature.name, feature.is_timestamp, lowest, highest)


def _detail(name: str, value: Any) -> Iterator[str]:
    """Yields the text of a category, of categories or of a number that an item has."""
    if isinstance(value, bytes | np.ndarray):
        texts = [text.decode("utf-8", "replace") for text in np.atleast_1d(value).tolist() if text]
        if texts:
            yield ", ".join(texts)
    elif np.isfinite(value):
        yield f"{name} {value:.6g}"
