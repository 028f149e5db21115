"""Orders items so that every few consecutive ones form a leaf of an inverted file.

All leaves have the same number of items. Items are first grouped by k-means. Each group is then
divided in two by 2-means, again and again, at the multiple of the leaf size that is closest to the
natural boundary. What is left of a group is collected and divided in the same way.
"""

import numpy as np
import numpy.typing as npt

# Larger catalogues have larger leaves, or scoring the means would take longer than the items.
_SMALL_LEAF, LARGE_LEAF = 8, 16
_MIN_ITEMS_FOR_LARGE_LEAVES = 400_000
_SEED = 17
_GROUPS_PER_ROOT = 3.0
_SAMPLE_PER_GROUP = 32
_ITERATIONS = 8
_SPLIT_ITERATIONS = 3
# Items that are processed at once, so that the results fit into the cache.
_CHUNK = 4096

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


def leaf_size(num_items: int) -> int:
    """Returns the number of items of each leaf."""
    return LARGE_LEAF if num_items >= _MIN_ITEMS_FOR_LARGE_LEAVES else _SMALL_LEAF


def leaf_order(embedding: Floats) -> Integers:
    """Returns the rows ordered by leaf; equal embeddings give an equal order.

    Args:
      embedding: [num_items, dim] float32.

    Returns:
      [num_items] int64. The items after the last full leaf belong to none.
    """
    size = leaf_size(len(embedding))
    order, offsets = _k_means(embedding, round(_GROUPS_PER_ROOT * len(embedding) ** 0.5))
    full, rest = _divided(embedding, order, offsets, size)
    full_rest, tail = _divided(embedding, rest, np.array([0, len(rest)]), size)
    return np.concatenate([full, full_rest, tail])


def _k_means(embedding: Floats, num_groups: int) -> tuple[Integers, Integers]:
    """Groups items by Euclidean k-means, whose centroids are trained on a random sample.

    Returns:
      The rows ordered by group, [num_items], and the [num_groups + 1] offsets of the groups.
    """
    rng = np.random.default_rng(_SEED)
    num_groups = max(1, min(num_groups, len(embedding)))
    num_sampled = min(len(embedding), _SAMPLE_PER_GROUP * num_groups)
    sample = embedding[np.sort(rng.choice(len(embedding), num_sampled, replace=False))]
    centroid = sample[rng.choice(num_sampled, num_groups, replace=False)]
    for _ in range(_ITERATIONS):
        order, offsets = _grouped(_closest(sample, centroid), num_groups)
        sizes = np.diff(offsets)
        is_used = sizes > 0
        sums = np.add.reduceat(sample[order], offsets[:-1][is_used], axis=0)
        centroid[is_used] = sums / sizes[is_used, np.newaxis]
    return _grouped(_closest(embedding, centroid), num_groups)


def _closest(embedding: Floats, centroid: Floats) -> Integers:
    """Returns the [num_items] index of the closest centroid of each item."""
    half_squares = np.square(centroid).sum(axis=1) / 2
    closest = np.empty(len(embedding), np.int64)
    for start in range(0, len(embedding), _CHUNK):
        chunk = embedding[start : start + _CHUNK]
        closest[start : start + _CHUNK] = (chunk @ centroid.T - half_squares).argmax(axis=1)
    return closest


def _grouped(group: Integers, num_groups: int) -> tuple[Integers, Integers]:
    """Returns the rows ordered by group and the offsets of the groups."""
    order = np.argsort(group, kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(group, minlength=num_groups))])


def _divided(
    embedding: Floats, order: Integers, offsets: Integers, size: int
) -> tuple[Integers, Integers]:
    """Divides groups into leaves.

    Returns:
      The rows of full leaves in leaf order, and the other rows: fewer than a leaf of each group.
    """
    offsets = np.unique(offsets)
    full, rest = [order[:0]], [order[:0]]
    first = 0
    while first < len(offsets) - 1:
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + _CHUNK)) - 1)
        rows = order[offsets[first] : offsets[last]]
        in_full, others = _divided_chunk(
            embedding[rows], offsets[first : last + 1] - offsets[first], size
        )
        full.append(rows[in_full])
        rest.append(rows[others])
        first = last
    return np.concatenate(full), np.concatenate(rest)


def _divided_chunk(embedding: Floats, offsets: Integers, size: int) -> tuple[Integers, Integers]:
    """Divides consecutive groups, few enough for the cache of a processor."""
    order = np.arange(len(embedding))
    while (np.diff(offsets) > size).any():
        order, offsets = _halved(embedding, order, offsets, size)
    is_full = np.repeat(np.diff(offsets) == size, np.diff(offsets))
    return order[is_full], order[~is_full]


def _halved(
    embedding: Floats, order: Integers, offsets: Integers, size: int
) -> tuple[Integers, Integers]:
    """Divides each group that is larger than a leaf in two."""
    sizes = np.diff(offsets)
    group = np.repeat(np.arange(len(sizes)), sizes)
    position = _positions(embedding[order], offsets)
    order = order[np.lexsort((position, group))]
    num_low = np.add.reduceat((position <= 0).astype(np.int64), offsets[:-1])
    num_leaves = -(-sizes // size)
    low_leaves = np.clip(np.rint(num_low / size).astype(np.int64), 1, num_leaves - 1)
    cuts = (offsets[:-1] + low_leaves * size)[num_leaves > 1]
    return order, np.union1d(offsets, cuts)


def _positions(embedding: Floats, offsets: Integers) -> Floats:
    """Returns the position of each item on the axis of 2-means of its group; 0 is the boundary.

    Args:
      embedding: [num_items, dim] float32, ordered by group.
      offsets: [num_groups + 1] int64, of groups that are not empty.
    """
    starts, sizes = offsets[:-1], np.diff(offsets)
    group = np.repeat(np.arange(len(sizes)), sizes)
    sums = np.add.reduceat(embedding, starts, axis=0)
    means = (sums / sizes[:, np.newaxis]).astype(np.float32)
    # The axis starts at the item that is farthest from the mean of the group.
    distance = np.square(embedding - means[group]).sum(axis=1)
    farthest = np.lexsort((distance, group))[offsets[1:] - 1]
    axis, middle = embedding[farthest] - means, means
    position = _along(embedding, axis, middle, group)
    for _ in range(_SPLIT_ITERATIONS):
        is_high = position > 0
        num_high = np.add.reduceat(is_high.astype(np.float32), starts)
        high_sums = np.add.reduceat(embedding * is_high[:, np.newaxis], starts, axis=0)
        high = high_sums / np.maximum(num_high, 1)[:, np.newaxis]
        low = (sums - high_sums) / np.maximum(sizes - num_high, 1)[:, np.newaxis]
        axis, middle = (high - low).astype(np.float32), ((high + low) / 2).astype(np.float32)
        position = _along(embedding, axis, middle, group)
    return position


def _along(embedding: Floats, axis: Floats, middle: Floats, group: Integers) -> Floats:
    """Returns the [num_items] inner product of each item with the axis of its group, centred."""
    shift = (axis * middle).sum(axis=1)
    position: Floats = np.einsum("nd,nd->n", embedding, axis[group]) - shift[group]
    return position
