"""Vectors for the comparison of search methods: generated, or read from a file.

The generated vectors resemble the embeddings of trained towers:

- Items belong to clusters, and clusters to topics. Cluster sizes have a long tail.
- All items share a mean direction, as trained items do.
- The spread within a cluster has low rank, plus a little noise.
- The variance along the axes decreases as a power law; a random rotation then hides the axes.
- Norms are log-normal and larger in popular clusters, or all equal to one.
- A query is a weighted sum of the centred directions of four items, plus noise of a steeper
  spectrum; it points slightly away from the mean item.

The constants were fitted to the towers that this pipeline trained on Amazon Beauty (12,101 items,
64 dimensions). The fit covers the cosines of the nearest neighbours (item to item and query to
item, ranks 1 to 100), the spectra of items and queries, and the shares of an inverted file and of
product codes that a search must read to reach a given recall. Norms vary more than in that model.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from schemas.errors import InputError

UNNORMALISED, NORMALISED = "unnormalised", "normalised"
KINDS = (UNNORMALISED, NORMALISED)

_SPECTRUM = 0.32  # the scale of axis j is (1 + j)^-_SPECTRUM
_CLUSTERS_PER_ROOT, _CLUSTERS_PER_TOPIC, _SIZE_SD = 2.0, 8, 1.0
# Lengths of the components whose sum is an item's direction.
_MEAN, _TOPIC, _CLUSTER, _SPREAD, _NOISE = 0.47, 0.4, 0.35, 0.45, 0.35
_SPREAD_RANK = 12
_LOG_NORM_SD = 0.2
_SOURCES, _SOURCE_WEIGHTS, _QUERY_NOISE, _AWAY_FROM_MEAN = 4, (3.0, 1.0, 0.5, 0.5), 0.6, 0.2
_CHUNK = 10_000

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Vectors:
    """Items and queries.

    Attributes:
      name: Title of the table.
      items: [num_items, dim] float32.
      queries: [num_queries, dim] float32; the first half is for tuning, the second for testing.
    """

    name: str
    items: Floats
    queries: Floats

    def halves(self) -> tuple[Floats, Floats]:
        """Returns the queries for tuning and the queries for testing."""
        middle = len(self.queries) // 2
        return self.queries[:middle], self.queries[middle:]


def generate(kind: str, num_items: int, num_queries: int, dim: int, seed: int) -> Vectors:
    """Generates vectors, the same for the same arguments.

    Args:
      kind: `unnormalised` or `normalised`; both have the same directions for the same seed.
      num_items: Number of items.
      num_queries: Number of queries, both halves together.
      dim: Embedding size.
      seed: Seed of all draws.
    """
    rng = np.random.default_rng(seed)
    scale = (1 + np.arange(dim, dtype=np.float32)) ** -_SPECTRUM
    scale /= np.linalg.norm(scale)
    rotation = np.linalg.qr(rng.normal(size=(dim, dim)))[0].astype(np.float32)
    cluster, popularity = _memberships(num_items, rng)
    items = _directions(cluster, len(popularity), scale, rng)
    queries = _queries(items, num_queries, scale, rng)
    if kind == UNNORMALISED:
        log_norms = _LOG_NORM_SD * (_normal(rng, num_items) + 0.5 * popularity[cluster])
        items *= np.exp(log_norms)[:, np.newaxis]
    return Vectors(kind, items @ rotation, queries @ rotation)


def from_file(path: Path) -> Vectors:
    """Reads the arrays `items` and `queries` of an .npz file.

    Raises:
      InputError: The file cannot be read, or the shapes of its arrays are wrong.
    """
    try:
        with np.load(path) as arrays:
            items, queries = (arrays[name].astype(np.float32) for name in ("items", "queries"))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"--embeddings {path}: {error}; expected an .npz file with the arrays items "
            "[num_items, dim] and queries [num_queries, dim]"
        ) from error
    same_dim = items.ndim == queries.ndim == 2 and items.shape[1] == queries.shape[1]
    if not same_dim or len(queries) < 2:
        raise InputError(
            f"--embeddings {path}: items {items.shape} and queries {queries.shape}, expected "
            "[num_items, dim] and [num_queries, dim], with at least two queries"
        )
    return Vectors(path.stem, items, queries)


def _memberships(num_items: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], Floats]:
    """Returns the cluster of each item, and the standardised log size of each cluster."""
    num_clusters = max(1, round(_CLUSTERS_PER_ROOT * num_items**0.5))
    log_size = _SIZE_SD * _normal(rng, num_clusters)
    share = np.exp(log_size) / np.exp(log_size).sum()
    cluster = rng.choice(num_clusters, size=num_items, p=share / share.sum(dtype=np.float64))
    return cluster, log_size / _SIZE_SD


def _directions(
    cluster: npt.NDArray[np.int64], num_clusters: int, scale: Floats, rng: np.random.Generator
) -> Floats:
    """Returns the items, [num_items, dim] float32 of norm 1."""
    dim = len(scale)
    num_topics = max(1, num_clusters // _CLUSTERS_PER_TOPIC)
    topics = _unit(_normal(rng, num_topics, dim) * scale)
    centres = _TOPIC * topics[rng.integers(num_topics, size=num_clusters)]
    centres += _CLUSTER * _unit(_normal(rng, num_clusters, dim) * scale)
    bases = _unit(_normal(rng, num_clusters, _SPREAD_RANK, dim) * scale)
    mean = _MEAN * _unit(_normal(rng, dim))
    items = np.empty((len(cluster), dim), np.float32)
    for start in range(0, len(cluster), _CHUNK):
        chunk = cluster[start : start + _CHUNK]
        weights = _normal(rng, len(chunk), 1, _SPREAD_RANK)
        spread = weights @ bases[chunk] / np.float32(_SPREAD_RANK**0.5)
        noise = _normal(rng, len(chunk), dim) * scale
        items[start : start + _CHUNK] = _unit(
            mean + centres[chunk] + _SPREAD * spread[:, 0] + _NOISE * noise
        )
    return items


def _queries(items: Floats, num_queries: int, scale: Floats, rng: np.random.Generator) -> Floats:
    """Returns the queries, [num_queries, dim] float32 of norm 1."""
    mean = items.mean(axis=0)
    away = -_AWAY_FROM_MEAN * _unit(mean)
    drawn = rng.integers(len(items), size=(num_queries, _SOURCES))
    weights = rng.dirichlet(_SOURCE_WEIGHTS, size=num_queries).astype(np.float32)
    sources = _unit(items[drawn] - mean)
    weighted_sum = _unit((weights[:, :, np.newaxis] * sources).sum(axis=1))
    noise = _unit(_normal(rng, num_queries, len(scale)) * scale**2)
    return _unit(weighted_sum + _QUERY_NOISE * noise + away)


def _normal(rng: np.random.Generator, *shape: int) -> Floats:
    return rng.standard_normal(shape, dtype=np.float32)


def _unit(vectors: Floats) -> Floats:
    """Returns the vectors scaled to norm 1 along the last axis."""
    unit: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
