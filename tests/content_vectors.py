"""Item vectors whose popularity decides for users, and whose content decides for items."""

import numpy as np
import numpy.typing as npt

_NUM_TOPICS = 200
_OWN_SCALE = 0.1


def content_heavy_vectors(num_items: int, dim: int, seed: int = 5) -> npt.NDArray[np.float32]:
    """Returns [num_items, dim] float32 vectors of items that share their content with many others.

    The first dimension is the popularity. The others are the direction of one of a few topics and a
    small part of the item's own. A query with a weight for the popularity finds its items in few
    leaves of a tree; a query without one has to tell the items of a topic apart.
    """
    rng = np.random.default_rng(seed)
    topics = rng.normal(size=(_NUM_TOPICS, dim - 1))
    topics /= np.linalg.norm(topics, axis=1, keepdims=True)
    own = _OWN_SCALE * rng.normal(size=(num_items, dim - 1)) / np.sqrt(dim)
    content = topics[rng.integers(_NUM_TOPICS, size=num_items)] + own
    popularity = 2 * rng.exponential(size=(num_items, 1))
    return np.concatenate([popularity, content], axis=1).astype(np.float32)
