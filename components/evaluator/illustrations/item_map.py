"""A map of the items in two dimensions, in which neighbours have similar embeddings."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from components.evaluator.illustrations.shown_items import ShownItems

# Half of them are the most popular items, the others a random sample.
MAX_ITEMS = 1500
_PERPLEXITY = 30.0
_MAX_ITERATIONS = 500


def item_map(
    embeddings: npt.NDArray[np.float32],
    counts: npt.NDArray[np.int64],
    items: ShownItems,
    seed: int,
) -> dict[str, Any]:
    """Returns the places of items on the map.

    Args:
      embeddings: [num_items, dim] float32.
      counts: [num_items] int64, training events of each item.
      items: Receives the items that are shown.
      seed: The seed of the sample.

    Returns:
      `points`: for each item its number in `items`, x, y, and its training events; and `sampled`:
      whether the map leaves out items.
    """
    rows = _sample(counts, seed)
    places = _project(embeddings[rows])
    return {
        "sampled": len(rows) < len(counts),
        "points": [
            [number, round(float(x), 3), round(float(y), 3), int(count)]
            for number, (x, y), count in zip(items.numbers(rows), places, counts[rows], strict=True)
        ],
    }


def _sample(counts: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Returns the most popular items and a random sample of the others, most popular first."""
    by_popularity = np.argsort(-counts, kind="stable")
    popular, others = np.split(by_popularity, [MAX_ITEMS // 2])
    if len(others) > MAX_ITEMS - len(popular):
        generator = np.random.default_rng(seed)
        others = others[np.sort(generator.permutation(len(others))[: MAX_ITEMS - len(popular)])]
    return np.concatenate([popular, others])


def _project(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Returns [num_items, 2] places by t-SNE (https://www.jmlr.org/papers/v9/vandermaaten08a.html).

    It depends on the directions of the embeddings and not on their lengths, because the length of
    an embedding mostly expresses the popularity of the item. One thread computes it, because the
    order of its sums would otherwise change the map.
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    directions = (embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float64)
    if len(directions) < 4:
        return np.pad(directions, ((0, 0), (0, 2)))[:, :2]
    with threadpool_limits(1):
        projection = TSNE(
            perplexity=min(_PERPLEXITY, (len(directions) - 1) / 3),
            init="random",
            random_state=0,
            max_iter=_MAX_ITERATIONS,
            n_jobs=1,
        )
        return np.asarray(projection.fit_transform(directions), np.float64)
