"""HNSW of hnswlib, by inner product."""

import os

import hnswlib
import numpy as np

from benchmarks.retrieval.peers.peer import Peer, Settings, Task
from benchmarks.retrieval.peers.spaces import CENTRED, EUCLIDEAN, Space


class HnswlibPeer:
    """A graph, walked with a list of `ef` candidates."""

    target = None

    def __init__(self, links: int, space: Space, task: Task):
        """Args: links: M, of each node and level. space: What is indexed."""
        self.settings: Settings = {"M": links, "ef_construction": 200, "items": space.name}
        self._space = space
        self._task = task
        self._index: hnswlib.Index | None = None

    def build(self, items: np.ndarray, queries: np.ndarray) -> None:
        """Adds all items on all cores."""
        items = self._space.items(items)
        self._index = hnswlib.Index("l2" if self._space.is_l2 else "ip", items.shape[1])
        self._index.init_index(
            len(items), self.settings["M"], self.settings["ef_construction"], random_seed=1
        )
        self._index.add_items(items, num_threads=os.cpu_count() or 1)

    def size_bytes(self) -> int:
        """Of the file it would be saved in."""
        return int(self._index.index_file_size())

    def ladders(self) -> list[list[Settings]]:
        """By `ef`."""
        return [[{"ef": width} for width in self._task.graph_widths()]]

    def use(self, way: Settings) -> None:
        """Sets `ef`."""
        self._index.set_ef(way["ef"])

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        """Rows [num_queries, k] int64."""
        try:
            queries = self._space.queries(queries)
            return self._index.knn_query(queries, k=k, num_threads=1)[0].astype(np.int64)
        except RuntimeError:
            # It answers nothing at all where one query of the batch finds fewer than k.
            return np.full((len(queries), k), -1, np.int64)


def hnsw(task: Task) -> list[Peer]:
    """Whole vectors in a graph."""
    kinds = ((16, CENTRED), (32, CENTRED), (32, EUCLIDEAN))
    return [HnswlibPeer(links, space, task) for links, space in kinds]
