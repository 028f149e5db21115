"""Recall over the whole catalogue, by TFRS's FactorizedTopK."""

import tensorflow as tf
import tensorflow_recommenders as tfrs

CUTOFFS = (1, 5, 10, 50, 100)
# Early stopping watches recall at the largest cutoff up to this one.
_WATCHED_CUTOFF = 10


class CatalogueIndex(tfrs.layers.factorized_top_k.BruteForce):
    """An exact index that can be filled anew without new variables.

    `BruteForce.index` makes variables each time, which a compiled evaluation step does not see.
    """

    def refill(self, embeddings: tf.Tensor) -> None:
        """Replaces all candidate embeddings, [num_items, dim] in row order."""
        self._candidates.assign(embeddings)


def catalogue_index(num_items: int, dim: int) -> CatalogueIndex:
    """An index of zeros, whose identifiers are rows of the candidate table (int32)."""
    index = CatalogueIndex(k=cutoffs(num_items)[-1])
    return index.index(tf.zeros([num_items, dim]), tf.range(num_items))


def cutoffs(num_items: int) -> tuple[int, ...]:
    """The cutoffs that a catalogue of this size has."""
    return tuple(k for k in CUTOFFS if k <= num_items)


def metric_name(k: int) -> str:
    """The name that FactorizedTopK gives recall at `k` (one relevant item a query)."""
    return f"factorized_top_k/top_{k}_categorical_accuracy"


def watched_cutoff(num_items: int) -> int:
    """The cutoff that decides which epoch was best.

    At most a quarter of the catalogue: recall of a whole catalogue is 1, whatever the model.
    """
    longest = min(_WATCHED_CUTOFF, num_items // 4)
    return max(k for k in cutoffs(num_items) if k <= max(1, longest))
