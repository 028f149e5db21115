"""HNSW of usearch, by inner product."""

import os

import numpy as np
import numpy.typing as npt
from usearch.index import BatchMatches, Index

from benchmarks.retrieval.methods.interface import Parameters, SearchIndex, SearchTask
from benchmarks.retrieval.methods.spaces import CENTRED, EUCLIDEAN, Space


class UsearchIndex:
    """A graph whose search keeps a list of `expansion_search` candidates."""

    recall_target: float | None = None

    def __init__(self, links: int, dtype: str, space: Space, task: SearchTask):
        """Keeps the parameters.

        Args:
          links: The links of a node on each level.
          dtype: Type of the stored vectors.
          space: Transformation of the vectors.
          task: The search problem.
        """
        self._options = {"connectivity": links, "expansion_add": 200, "dtype": dtype}
        self.build_parameters: Parameters = {**self._options, "items": space.name}
        self._space = space
        self._task = task
        self._index: Index = None

    def build(self, items: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]) -> None:
        """Adds all items on all cores."""
        items = self._space.transform_items(items)
        metric = "l2sq" if self._space.is_l2 else "ip"
        self._index = Index(ndim=items.shape[1], metric=metric, **self._options)
        self._index.add(np.arange(len(items)), items, threads=os.cpu_count() or 1)

    def size_bytes(self) -> int:
        """Returns the size of the serialised index."""
        return int(self._index.serialized_length)

    def parameter_lists(self) -> list[list[Parameters]]:
        """Returns one list of increasing `expansion_search`."""
        return [[{"expansion_search": width} for width in self._task.graph_widths()]]

    def set_search_parameters(self, parameters: Parameters) -> None:
        """Sets `expansion_search`."""
        self._index.expansion_search = parameters["expansion_search"]

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
        """Returns rows [num_queries, k] int64."""
        found = self._index.search(self._space.transform_queries(queries), k, threads=1)
        rows = np.full((len(queries), k), -1, np.int64)
        if isinstance(found, BatchMatches):
            is_found = np.arange(k) < found.counts[:, np.newaxis]
            rows[is_found] = found.keys[is_found]
        else:
            rows[0, : len(found)] = found.keys
        return rows


def hnsw(task: SearchTask) -> list[SearchIndex]:
    """Returns graphs of float32 vectors, and one of bfloat16 vectors."""
    kinds = (
        (16, "f32", CENTRED),
        (32, "f32", CENTRED),
        (32, "bf16", CENTRED),
        (32, "f32", EUCLIDEAN),
    )
    return [UsearchIndex(links, dtype, space, task) for links, dtype, space in kinds]
