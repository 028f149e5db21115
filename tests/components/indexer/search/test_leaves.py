"""The leaf order: every item once, with similar items in one leaf."""

import numpy as np
import pytest

from components.indexer.search import leaves
from components.indexer.search.leaves import LARGE_LEAF, leaf_order, leaf_size


@pytest.mark.parametrize("num_items", [1, 7, 8, 9, 16, 100, 1001])
@pytest.mark.parametrize("kind", ["random", "equal", "two points"])
def test_leaf_order_contains_every_item_once(num_items: int, kind: str) -> None:
    rng = np.random.default_rng(num_items)
    vectors = rng.normal(size=(num_items, 4)).astype(np.float32)
    if kind != "random":
        vectors[:] = vectors[0]
    if kind == "two points":
        vectors[::3] *= -1
    order = leaf_order(vectors)
    np.testing.assert_array_equal(np.sort(order), np.arange(num_items))
    np.testing.assert_array_equal(leaf_order(vectors), order)


def test_items_of_a_small_cluster_share_a_leaf() -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(50, 16)) * 10
    cluster = rng.permutation(np.repeat(np.arange(50), 8))
    vectors = (centres[cluster] + rng.normal(size=(400, 16)) / 10).astype(np.float32)
    by_leaf = cluster[leaf_order(vectors)].reshape(50, 8)
    assert (by_leaf == by_leaf[:, :1]).all(axis=1).mean() > 0.9


def test_large_catalogues_have_larger_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaves, "_MIN_ITEMS_FOR_LARGE_LEAVES", 100)
    assert (leaf_size(99), leaf_size(100)) == (8, LARGE_LEAF)
    vectors = np.random.default_rng(2).normal(size=(333, 4)).astype(np.float32)
    np.testing.assert_array_equal(np.sort(leaf_order(vectors)), np.arange(333))
