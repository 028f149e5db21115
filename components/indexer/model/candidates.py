"""Embeds the catalogue: item ids, embeddings and the features that requests can filter by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.examples.read import RawCatalogue
from components.indexer.model.towers import Towers
from schemas import serving_specs
from schemas.errors import InputError
from schemas.features import AVAILABLE_AT, ITEM_ID, MISSING_INTEGER, FeatureTable


@dataclass(frozen=True)
class EmbeddedCandidates:
    """The items that can be recommended, one row per item.

    Attributes:
      item_id: [num_items] bytes, distinct.
      embedding: [num_items, dim] float32, finite.
      categories: By key of the filterable feature, [num_items, max_values] bytes padded with b"".
      numbers: By key of the numeric feature, [num_items] float32, NaN where missing; of a time
        [num_items] int64, -1 where missing.
      as_of_s: The time of the embeddings, seconds since the epoch, UTC; -1 if the candidate tower
        has no time-dependent feature.
    """

    item_id: npt.NDArray[np.object_]
    embedding: npt.NDArray[np.float32]
    categories: dict[str, npt.NDArray[np.object_]]
    numbers: dict[str, npt.NDArray[Any]]
    as_of_s: int = MISSING_INTEGER

    def __len__(self) -> int:
        return len(self.item_id)

    def ordered(self, rows: npt.NDArray[np.int64]) -> "EmbeddedCandidates":
        """Returns the items in another order, given as the row of each."""
        categories = {key: values[rows] for key, values in self.categories.items()}
        numbers = {key: values[rows] for key, values in self.numbers.items()}
        return EmbeddedCandidates(
            self.item_id[rows], self.embedding[rows], categories, numbers, self.as_of_s
        )


def embed_candidates(
    towers: Towers, catalogue: RawCatalogue, table: FeatureTable, is_reindex: bool = False
) -> EmbeddedCandidates:
    """Embeds every item of the catalogue with the candidate tower.

    Args:
      towers: The trained towers.
      catalogue: The raw catalogue.
      table: Its features.
      is_reindex: Whether the catalogue differs from that of training. If so, the embeddings are
        computed as of the latest `available_at` of the catalogue, or as of the model's own time if
        that is later.

    Raises:
      InputError: The catalogue is empty or repeats an id.
      ValueError: The tower returned NaN or infinity.
    """
    if not len(catalogue):
        raise InputError(
            "the catalogue has no items, so no index can be built; check the items file"
        )
    ids, counts = np.unique(catalogue.item_id.astype(object), return_counts=True)
    if len(ids) < len(catalogue):
        repeated = ids[counts > 1]
        raise InputError(
            f"{len(repeated)} item ids appear more than once in the catalogue, first "
            f"{repeated[0]!r}: give each item one record"
        )
    newest_s = int(catalogue.available_at.max()) if is_reindex else MISSING_INTEGER
    items = {**raw_items(catalogue), AVAILABLE_AT: catalogue.available_at}
    embedding, as_of_s = towers.embed_as_of(
        serving_specs.candidate_as_of_specs(table), items, newest_s
    )
    finite = np.asarray(np.isfinite(embedding).all(axis=1))
    if not finite.all():
        first = catalogue.item_id[int(np.argmin(finite))]
        raise ValueError(
            f"the candidate tower returns NaN or infinity for {int((~finite).sum())} of "
            f"{len(finite)} items, first {first!r}: training has diverged; lower "
            "train.learning_rate, or check the features of that item for extreme values"
        )
    categories = {}
    for feature in table.item_filters:
        values = catalogue.features[feature.name]
        categories[feature.key] = values if values.ndim == 2 else values[:, None]
    numbers = {feature.key: catalogue.features[feature.name] for feature in table.item_numbers}
    return EmbeddedCandidates(catalogue.item_id, embedding, categories, numbers, as_of_s)


def raw_items(catalogue: RawCatalogue) -> dict[str, npt.NDArray[Any]]:
    """Returns the inputs of `candidate_embedding` for every item, [num_items, …] each."""
    return {ITEM_ID: catalogue.item_id, **catalogue.features}
