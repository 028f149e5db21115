"""HNSW of hnswlib, by inner product."""

import os

import hnswlib
import numpy as np
import numpy.typing as npt

from benchmarks.retrieval.methods.interface import Parameters, SearchIndex, SearchTask
from benchmarks.retrieval.methods.spaces import CENTRED, EUCLIDEAN, Space


class HnswlibIndex:
    """A graph whose search keeps a list of `ef` candidates."""

    recall_target: float | None = None

    def __init__(self, links: int, space: Space, task: SearchTask):
        """Keeps the parameters.

        Args:
          links: hnswlib's M, the links of a node on each level.
          space: Transformation of the vectors.
          task: The search problem.
        """
        self.build_parameters: Parameters = {
            "M": links,
            "ef_construction": 200,
            "items": space.name,
        }
        self._space = space
        self._task = task
        self._index: hnswlib.Index = None

    def build(self, items: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]) -> None:
        """Adds all items on all cores."""
        items = self._space.transform_items(items)
        self._index = hnswlib.Index("l2" if self._space.is_l2 else "ip", items.shape[1])
        self._index.init_index(
            len(items),
            self.build_parameters["M"],
            self.build_parameters["ef_construction"],
            random_seed=1,
        )
        self._index.add_items(items, num_threads=os.cpu_count() or 1)

    def size_bytes(self) -> int:
        """Returns the size of the saved index."""
        return int(self._index.index_file_size())

    def parameter_lists(self) -> list[list[Parameters]]:
        """Returns one list of increasing `ef`."""
        return [[{"ef": width} for width in self._task.graph_widths()]]

    def set_search_parameters(self, parameters: Parameters) -> None:
        """Sets `ef`."""
        self._index.set_ef(parameters["ef"])

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
        """Returns rows [num_queries, k] int64."""
        try:
            transformed = self._space.transform_queries(queries)
            rows, _ = self._index.knn_query(transformed, k=k, num_threads=1)
        except RuntimeError:
            # hnswlib raises, without any result, if one query of the batch finds fewer than k.
            return np.full((len(queries), k), -1, np.int64)
        return rows.astype(np.int64)


def hnsw(task: SearchTask) -> list[SearchIndex]:
    """Returns graphs of float32 vectors."""
    kinds = ((16, CENTRED), (32, CENTRED), (32, EUCLIDEAN))
    return [HnswlibIndex(links, space, task) for links, space in kinds]
