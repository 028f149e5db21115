"""Partitions items into the leaves of an inverted file, by k-means."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SEED = 17
_ITERATIONS = 8
_SAMPLE_PER_LEAF = 32
_LEAVES_PER_ROOT = 4.0
# Items of which the distances to all centroids are in memory at once.
_CHUNK = 4096

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Leaves:
    """A partition of items, ordered by leaf.

    Attributes:
      order: [num_items] int64, the original row of each item in leaf order.
      offsets: [num_leaves + 1] int64; leaf i has the items offsets[i] to offsets[i + 1] - 1 of the
        leaf order. No leaf is empty.
    """

    order: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    @property
    def num_leaves(self) -> int:
        """The number of leaves."""
        return len(self.offsets) - 1


def default_leaves(num_items: int) -> int:
    """Returns the number of leaves, four times the square root of the number of items."""
    return max(1, min(num_items, round(_LEAVES_PER_ROOT * num_items**0.5)))


def train_leaves(embedding: Floats, num_leaves: int) -> Leaves:
    """Partitions items by k-means with Euclidean distance; equal inputs give equal leaves.

    Centroids are trained on a random sample of the items. Leaves that no item is closest to are
    left out.

    Args:
      embedding: [num_items, dim] float32.
      num_leaves: Number of centroids, at most the number of items.
    """
    rng = np.random.default_rng(_SEED)
    num_sampled = min(len(embedding), _SAMPLE_PER_LEAF * num_leaves)
    sample = embedding[np.sort(rng.choice(len(embedding), num_sampled, replace=False))]
    centroid = sample[rng.choice(num_sampled, num_leaves, replace=False)]
    for _ in range(_ITERATIONS):
        leaf = _closest(sample, centroid)
        order, offsets = _grouped(leaf, num_leaves)
        is_used = np.diff(offsets) > 0
        centroid[is_used] = leaf_means(sample[order], np.append(offsets[:-1][is_used], len(sample)))
        num_unused = int((~is_used).sum())
        centroid[~is_used] = sample[rng.choice(num_sampled, num_unused, replace=False)]
    order, offsets = _grouped(_closest(embedding, centroid), num_leaves)
    return Leaves(order, np.unique(offsets))


def leaf_means(embedding: Floats, offsets: npt.NDArray[np.int64]) -> Floats:
    """Returns the mean of each leaf.

    Args:
      embedding: [num_items, dim] float32, in leaf order.
      offsets: [num_leaves + 1] int64, of leaves that are not empty.

    Returns:
      [num_leaves, dim] float32.
    """
    sums = np.add.reduceat(embedding, offsets[:-1], axis=0)
    means: Floats = sums / np.diff(offsets).astype(np.float32)[:, np.newaxis]
    return means


def _closest(embedding: Floats, centroid: Floats) -> npt.NDArray[np.int64]:
    """Returns the [num_items] index of the closest centroid of each item."""
    half_squares = np.square(centroid).sum(axis=1) / 2
    closest = np.empty(len(embedding), np.int64)
    for start in range(0, len(embedding), _CHUNK):
        chunk = embedding[start : start + _CHUNK]
        closest[start : start + _CHUNK] = (chunk @ centroid.T - half_squares).argmax(axis=1)
    return closest


def _grouped(
    leaf: npt.NDArray[np.int64], num_leaves: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns the items ordered by leaf, [num_items], and the [num_leaves + 1] offsets."""
    order = np.argsort(leaf, kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(leaf, minlength=num_leaves))])
