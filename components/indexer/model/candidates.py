"""The catalogue as the index holds it: ids, embeddings, and the categories one can filter by."""

from dataclasses import dataclass

import numpy as np

from components.examples.read import RawCatalogue
from components.indexer.model.towers import Towers
from schemas import serving
from schemas.errors import InputError
from schemas.features import AVAILABLE_AT, ITEM_ID, MISSING_INTEGER, FeatureTable


@dataclass(frozen=True)
class Candidates:
    """All items that can be recommended, one row each.

    Attributes:
      item_id: [num_items] bytes, distinct.
      embedding: [num_items, dim] float32, finite.
      categories: By filterable feature, [num_items, max_values] bytes padded with b"".
      as_of_s: The instant that the embeddings are as of, seconds UTC; -1 where nothing moves.
    """

    item_id: np.ndarray
    embedding: np.ndarray
    categories: dict[str, np.ndarray]
    as_of_s: int = MISSING_INTEGER

    def __len__(self) -> int:
        return len(self.item_id)


def embed_candidates(
    towers: Towers, catalogue: RawCatalogue, table: FeatureTable, is_reindex: bool = False
) -> Candidates:
    """Embeds every item of the catalogue through the candidate tower.

    Args:
      towers: The trained towers.
      catalogue: The raw catalogue.
      table: Its features.
      is_reindex: Whether the catalogue is another than in training: then items are as of when the
        newest of them became available, if that is later than what the model is as of.

    Raises:
      InputError: The catalogue is empty or repeats an id.
      ValueError: The tower gave a NaN or an infinity.
    """
    if not len(catalogue):
        raise InputError("the catalogue has no item, so there is nothing to index")
    ids, counts = np.unique(catalogue.item_id.astype(object), return_counts=True)
    if len(ids) < len(catalogue):
        repeated = ids[counts > 1]
        raise InputError(
            f"{len(repeated)} item ids appear more than once in the catalogue, first "
            f"{repeated[0]!r}: give each item one record"
        )
    newest_s = int(catalogue.available_at.max()) if is_reindex else MISSING_INTEGER
    items = {**raw_items(catalogue), AVAILABLE_AT: catalogue.available_at}
    embedding, as_of_s = towers.embed_as_of(serving.candidate_as_of_specs(table), items, newest_s)
    finite = np.isfinite(embedding).all(axis=1)
    if not finite.all():
        first = catalogue.item_id[int(np.argmin(finite))]
        raise ValueError(
            f"the candidate tower gives NaN or infinity for {int((~finite).sum())} of "
            f"{len(finite)} items, first {first!r}: training has diverged; lower "
            "train.learning_rate, or look for extreme numbers in that item's features"
        )
    categories = {}
    for feature in table.item_filters:
        values = catalogue.features[feature.name]
        categories[feature.name] = values if values.ndim == 2 else values[:, None]
    return Candidates(catalogue.item_id, embedding, categories, as_of_s)


def raw_items(catalogue: RawCatalogue) -> dict[str, np.ndarray]:
    """The inputs of `candidate_embedding` for every item."""
    return {ITEM_ID: catalogue.item_id, **catalogue.features}
