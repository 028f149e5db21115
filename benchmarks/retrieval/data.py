"""The vectors that searches are compared on: generated like trained towers', or from a file.

The generated ones are a mixture of topics, of clusters in topics, and of items in clusters. Items
share a mean direction, as trained ones do; directions have a falling spectrum, turned at random so
that no axis means anything; the spread in a cluster is of low rank with a little noise on top;
clusters have a long tail of sizes. Norms are log-normal, larger in popular clusters, or all one. A
query is a mixture of the centred directions of four items, one of which leads, and of noise of a
steeper spectrum; it points a little away from the mean item.

The constants were set so that the cosines of the nearest neighbours (item to item and query to
item, ranks 1 to 100), the spectra of items and queries, and the shares of an inverted file and of
product codes that have to be read for a recall are near those of towers that this pipeline trained
on Amazon Beauty (12,101 items, 64 dimensions). Norms are spread more than there.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas.errors import InputError

UNNORMALISED, NORMALISED = "unnormalised", "normalised"
KINDS = (UNNORMALISED, NORMALISED)

_SPECTRUM = 0.32  # the scale of direction j is (1 + j)^-this
_CLUSTERS_PER_ROOT, _CLUSTERS_PER_TOPIC, _SIZE_SD = 2.0, 8, 1.0
# Lengths of what an item's direction is the sum of.
_MEAN, _TOPIC, _CLUSTER, _SPREAD, _NOISE = 0.47, 0.4, 0.35, 0.45, 0.35
_RANK = 12  # of the spread
_NORM_SD = 0.2  # of the logarithm
_SOURCES, _SOURCE_WEIGHTS, _QUERY_NOISE, _AWAY = 4, (3.0, 1.0, 0.5, 0.5), 0.6, 0.2
_CHUNK = 10_000


@dataclass(frozen=True)
class Vectors:
    """What is searched and what is asked.

    Attributes:
      name: Of the table.
      items: [num_items, dim] float32.
      queries: [num_queries, dim] float32: the first half chooses, the second is reported on.
    """

    name: str
    items: np.ndarray
    queries: np.ndarray

    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """Queries to choose parameters by, and queries to report on."""
        middle = len(self.queries) // 2
        return self.queries[:middle], self.queries[middle:]


def generate(kind: str, num_items: int, num_queries: int, dim: int, seed: int) -> Vectors:
    """The same vectors for the same arguments.

    Args:
      kind: `unnormalised` or `normalised`; of one seed, the directions are the same.
      num_items: How many are searched.
      num_queries: Of both halves.
      dim: Of every vector.
      seed: Of all draws.
    """
    rng = np.random.default_rng(seed)
    scale = (1 + np.arange(dim, dtype=np.float32)) ** -_SPECTRUM
    scale /= np.linalg.norm(scale)
    turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0].astype(np.float32)
    cluster, popularity = _memberships(num_items, rng)
    items = _directions(cluster, len(popularity), scale, rng)
    queries = _queries(items, num_queries, scale, rng)
    if kind == UNNORMALISED:
        log_norms = _NORM_SD * (_normal(rng, num_items) + 0.5 * popularity[cluster])
        items *= np.exp(log_norms)[:, np.newaxis]
    return Vectors(kind, items @ turn, queries @ turn)


def from_file(path: Path) -> Vectors:
    """Vectors of an .npz file with arrays `items` and `queries`, as they are.

    Raises:
      InputError: The file is not one, or its arrays do not fit together.
    """
    try:
        with np.load(path) as arrays:
            items, queries = (arrays[name].astype(np.float32) for name in ("items", "queries"))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"--embeddings {path}: {error}; expected an .npz file with the arrays items "
            "[num_items, dim] and queries [num_queries, dim]"
        ) from error
    fit = items.ndim == queries.ndim == 2 and items.shape[1] == queries.shape[1]
    if not fit or len(queries) < 2:
        raise InputError(
            f"--embeddings {path}: items {items.shape} and queries {queries.shape}, expected "
            "[num_items, dim] and [num_queries, dim], with two queries or more"
        )
    return Vectors(path.stem, items, queries)


def _memberships(num_items: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The cluster of each item, and the popularity of each cluster, standardised."""
    num_clusters = max(1, round(_CLUSTERS_PER_ROOT * num_items**0.5))
    log_size = _SIZE_SD * _normal(rng, num_clusters)
    share = np.exp(log_size) / np.exp(log_size).sum()
    cluster = rng.choice(num_clusters, size=num_items, p=share / share.sum(dtype=np.float64))
    return cluster, log_size / _SIZE_SD


def _directions(
    cluster: np.ndarray, num_clusters: int, scale: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """[num_items, dim] float32 of norm 1."""
    dim = len(scale)
    num_topics = max(1, num_clusters // _CLUSTERS_PER_TOPIC)
    topics = _unit(_normal(rng, num_topics, dim) * scale)
    centres = _TOPIC * topics[rng.integers(num_topics, size=num_clusters)]
    centres += _CLUSTER * _unit(_normal(rng, num_clusters, dim) * scale)
    bases = _unit(_normal(rng, num_clusters, _RANK, dim) * scale)
    mean = _MEAN * _unit(_normal(rng, dim))
    items = np.empty((len(cluster), dim), np.float32)
    for start in range(0, len(cluster), _CHUNK):
        own = cluster[start : start + _CHUNK]
        spread = _normal(rng, len(own), 1, _RANK) @ bases[own] / np.float32(_RANK**0.5)
        noise = _normal(rng, len(own), dim) * scale
        items[start : start + _CHUNK] = _unit(
            mean + centres[own] + _SPREAD * spread[:, 0] + _NOISE * noise
        )
    return items


def _queries(
    items: np.ndarray, num_queries: int, scale: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """[num_queries, dim] float32 of norm 1."""
    mean = items.mean(axis=0)
    away = -_AWAY * _unit(mean)
    drawn = rng.integers(len(items), size=(num_queries, _SOURCES))
    weights = rng.dirichlet(_SOURCE_WEIGHTS, size=num_queries).astype(np.float32)
    sources = _unit(items[drawn] - mean)
    mixed = _unit((weights[:, :, np.newaxis] * sources).sum(axis=1))
    noise = _unit(_normal(rng, num_queries, len(scale)) * scale**2)
    return _unit(mixed + _QUERY_NOISE * noise + away)


def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
