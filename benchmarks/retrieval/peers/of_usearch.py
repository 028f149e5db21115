"""HNSW of usearch, by inner product."""

import os

import numpy as np
from usearch.index import BatchMatches, Index

from benchmarks.retrieval.peers.peer import Peer, Settings, Task
from benchmarks.retrieval.peers.spaces import CENTRED, EUCLIDEAN, Space


class UsearchPeer:
    """A graph, walked with a list of `expansion_search` candidates."""

    target = None

    def __init__(self, links: int, dtype: str, space: Space, task: Task):
        """Args: links: Of each node and level. dtype: Of the vectors kept. space: What is kept."""
        self._options = {"connectivity": links, "expansion_add": 200, "dtype": dtype}
        self.settings: Settings = {**self._options, "items": space.name}
        self._space = space
        self._task = task
        self._index: Index | None = None

    def build(self, items: np.ndarray, queries: np.ndarray) -> None:
        """Adds all items on all cores."""
        items = self._space.items(items)
        metric = "l2sq" if self._space.is_l2 else "ip"
        self._index = Index(ndim=items.shape[1], metric=metric, **self._options)
        self._index.add(np.arange(len(items)), items, threads=os.cpu_count() or 1)

    def size_bytes(self) -> int:
        """Serialised."""
        return int(self._index.serialized_length)

    def ladders(self) -> list[list[Settings]]:
        """By `expansion_search`."""
        return [[{"expansion_search": width} for width in self._task.graph_widths()]]

    def use(self, way: Settings) -> None:
        """Sets `expansion_search`."""
        self._index.expansion_search = way["expansion_search"]

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        """Rows [num_queries, k] int64."""
        found = self._index.search(self._space.queries(queries), k, threads=1)
        rows = np.full((len(queries), k), -1, np.int64)
        if isinstance(found, BatchMatches):
            known = np.arange(k) < found.counts[:, np.newaxis]
            rows[known] = found.keys[known]
        else:
            rows[0, : len(found)] = found.keys
        return rows


def hnsw(task: Task) -> list[Peer]:
    """Whole vectors in a graph, and vectors of half the bytes."""
    kinds = (
        (16, "f32", CENTRED),
        (32, "f32", CENTRED),
        (32, "bf16", CENTRED),
        (32, "f32", EUCLIDEAN),
    )
    return [UsearchPeer(links, dtype, space, task) for links, dtype, space in kinds]
