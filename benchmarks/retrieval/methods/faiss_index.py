"""Inverted-file and HNSW indexes of faiss, by inner product."""

import os

import faiss
import numpy as np
import numpy.typing as npt

from benchmarks.retrieval.methods.interface import (
    Parameters,
    SearchIndex,
    SearchTask,
    geometric,
)
from benchmarks.retrieval.methods.spaces import CENTRED, EUCLIDEAN, GIVEN, Space

# Numbers of lists, as multiples of the square root of the number of items. Codes are cheap to read,
# so that fewer and longer lists are faster.
_LISTS, _LISTS_OF_CODES = (1, 2, 4), (0.5, 1, 2)
_K_FACTORS = (2, 3, 4, 6, 9, 14)
_MIN_SHARE = 1 / 256  # smallest share of the lists that is searched
_EF_CONSTRUCTION = 200


class FaissIndex:
    """An index made by `faiss.index_factory`."""

    recall_target: float | None = None

    def __init__(self, factory: str, space: Space, task: SearchTask):
        """Keeps the parameters.

        Args:
          factory: The description for `faiss.index_factory`.
          space: Transformation of the vectors.
          task: The search problem.
        """
        self.build_parameters: Parameters = {"factory": factory, "items": space.name}
        self._space = space
        self._task = task
        self._index: faiss.Index = None

    def build(self, items: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]) -> None:
        """Trains and fills the index on all cores."""
        items = self._space.transform_items(items)
        metric = faiss.METRIC_L2 if self._space.is_l2 else faiss.METRIC_INNER_PRODUCT
        factory = self.build_parameters["factory"]
        self._index = faiss.index_factory(items.shape[1], factory, metric)
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        self._configure(self._index)
        self._index.train(items)
        self._index.add(items)
        faiss.omp_set_num_threads(1)

    def size_bytes(self) -> int:
        """Returns the size of the serialised index."""
        return int(faiss.serialize_index(self._index).nbytes)

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
        """Returns rows [num_queries, k] int64."""
        rows: npt.NDArray[np.int64] = self._index.search(self._space.transform_queries(queries), k)[
            1
        ]
        return rows

    def _configure(self, index: faiss.Index) -> None:
        """Sets the build parameters that `faiss.index_factory` does not take."""


class FaissIvf(FaissIndex):
    """An inverted file: k-means lists, of which the `nprobe` nearest are searched."""

    def __init__(self, factory: str, num_lists: int, space: Space, task: SearchTask):
        """Keeps the parameters.

        Args:
          factory: The description for `faiss.index_factory`.
          num_lists: The number of lists in `factory`.
          space: Transformation of the vectors.
          task: The search problem.
        """
        super().__init__(factory, space, task)
        self._num_lists = num_lists

    def parameter_lists(self) -> list[list[Parameters]]:
        """Returns one list of increasing `nprobe`."""
        return [[{"nprobe": count} for count in self._probes(1.15)]]

    def set_search_parameters(self, parameters: Parameters) -> None:
        """Sets `nprobe`."""
        self._index.nprobe = parameters["nprobe"]

    def _probes(self, ratio: float) -> list[int]:
        return geometric(max(1, self._num_lists * _MIN_SHARE), self._num_lists, ratio)


class FaissRefinedIvf(FaissIvf):
    """An inverted file of codes; the best `k_factor` × k items are rescored with their vectors."""

    def parameter_lists(self) -> list[list[Parameters]]:
        """Returns a list of increasing `nprobe` for each `k_factor`."""
        return [
            [{"nprobe": count, "k_factor": factor} for count in self._probes(1.15)]
            for factor in _K_FACTORS
        ]

    def set_search_parameters(self, parameters: Parameters) -> None:
        """Sets `nprobe` and `k_factor`."""
        faiss.downcast_index(self._index.base_index).nprobe = parameters["nprobe"]
        self._index.k_factor = parameters["k_factor"]


class FaissHnsw(FaissIndex):
    """A graph whose search keeps a list of `efSearch` candidates."""

    def parameter_lists(self) -> list[list[Parameters]]:
        """Returns one list of increasing `efSearch`."""
        return [[{"efSearch": width} for width in self._task.graph_widths()]]

    def set_search_parameters(self, parameters: Parameters) -> None:
        """Sets `efSearch`."""
        self._index.hnsw.efSearch = parameters["efSearch"]

    def _configure(self, index: faiss.Index) -> None:
        index.hnsw.efConstruction = _EF_CONSTRUCTION
        self.build_parameters["efConstruction"] = _EF_CONSTRUCTION


def ivf_flat(task: SearchTask) -> list[SearchIndex]:
    """Returns inverted files of float32 vectors."""
    return _ivf("Flat", task)


def ivf_sq8(task: SearchTask) -> list[SearchIndex]:
    """Returns inverted files of vectors with one byte per dimension."""
    return _ivf("SQ8", task)


def ivf_pq_fast_scan(task: SearchTask) -> list[SearchIndex]:
    """Returns inverted files of product codes, 4 bits per two dimensions.

    The codes encode the vectors (`fs`) or their differences to the list's centre (`fsr`).
    """
    return [
        FaissRefinedIvf(f"IVF{lists},PQ{max(1, task.dim // 2)}x4{scan},RFlat", lists, space, task)
        for lists in _list_counts(task, _LISTS_OF_CODES)
        for scan, space in (("fs", GIVEN), ("fsr", CENTRED))
    ]


def hnsw(task: SearchTask) -> list[SearchIndex]:
    """Returns graphs of float32 vectors."""
    kinds = ((16, CENTRED), (32, CENTRED), (32, EUCLIDEAN))
    return [FaissHnsw(f"HNSW{links},Flat", space, task) for links, space in kinds]


def _ivf(codes: str, task: SearchTask) -> list[SearchIndex]:
    return [
        FaissIvf(f"IVF{lists},{codes}", lists, space, task)
        for lists in _list_counts(task, _LISTS)
        for space in (GIVEN, EUCLIDEAN)
    ]


def _list_counts(task: SearchTask, per_root: tuple[float, ...]) -> list[int]:
    return [max(1, round(times * task.num_items**0.5)) for times in per_root]
