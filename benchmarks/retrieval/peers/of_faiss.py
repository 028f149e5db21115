"""Inverted files and HNSW of faiss, by inner product."""

import os

import faiss
import numpy as np

from benchmarks.retrieval.peers.peer import Peer, Settings, Task, geometric
from benchmarks.retrieval.peers.spaces import CENTRED, EUCLIDEAN, GIVEN, Space

# Times the root of the number of items; codes are cheap to read, so that fewer lists pay.
_LISTS, _LISTS_OF_CODES = (1, 2, 4), (0.5, 1, 2)
_K_FACTORS = (2, 3, 4, 6, 9, 14)
_MIN_SHARE = 1 / 256  # of the lists are searched at least
_EF_CONSTRUCTION = 200


class FaissPeer:
    """An index of `index_factory`."""

    target = None

    def __init__(self, factory: str, space: Space, task: Task):
        """Args: factory: As faiss writes it. space: What is indexed."""
        self.settings: Settings = {"factory": factory, "items": space.name}
        self._space = space
        self._task = task
        self._index: faiss.Index | None = None

    def build(self, items: np.ndarray, queries: np.ndarray) -> None:
        """Trains and fills it on all cores."""
        items = self._space.items(items)
        metric = faiss.METRIC_L2 if self._space.is_l2 else faiss.METRIC_INNER_PRODUCT
        self._index = faiss.index_factory(items.shape[1], self.settings["factory"], metric)
        faiss.omp_set_num_threads(os.cpu_count() or 1)
        self._before_training(self._index)
        self._index.train(items)
        self._index.add(items)
        faiss.omp_set_num_threads(1)

    def size_bytes(self) -> int:
        """Serialised."""
        return int(faiss.serialize_index(self._index).nbytes)

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        """Rows [num_queries, k] int64."""
        return self._index.search(self._space.queries(queries), k)[1]

    def _before_training(self, index: faiss.Index) -> None:
        """What `index_factory` cannot be told."""


class FaissIvf(FaissPeer):
    """Lists of a k-means, `nprobe` of which are read."""

    def __init__(self, factory: str, num_lists: int, space: Space, task: Task):
        """Args: num_lists: As in `factory`."""
        super().__init__(factory, space, task)
        self._num_lists = num_lists

    def ladders(self) -> list[list[Settings]]:
        """By `nprobe`."""
        return [[{"nprobe": count} for count in self._probes(1.15)]]

    def use(self, way: Settings) -> None:
        """Sets `nprobe`."""
        self._index.nprobe = way["nprobe"]

    def _probes(self, ratio: float) -> list[int]:
        return geometric(max(1, self._num_lists * _MIN_SHARE), self._num_lists, ratio)


class FaissRefinedIvf(FaissIvf):
    """Lists of codes; `k_factor` times k of the best are scored again by their vectors."""

    def ladders(self) -> list[list[Settings]]:
        """By `nprobe`, for each `k_factor`."""
        return [
            [{"nprobe": count, "k_factor": factor} for count in self._probes(1.15)]
            for factor in _K_FACTORS
        ]

    def use(self, way: Settings) -> None:
        """Sets `nprobe` and `k_factor`."""
        faiss.downcast_index(self._index.base_index).nprobe = way["nprobe"]
        self._index.k_factor = way["k_factor"]


class FaissHnsw(FaissPeer):
    """A graph, walked with a list of `efSearch` candidates."""

    def ladders(self) -> list[list[Settings]]:
        """By `efSearch`."""
        return [[{"efSearch": width} for width in self._task.graph_widths()]]

    def use(self, way: Settings) -> None:
        """Sets `efSearch`."""
        self._index.hnsw.efSearch = way["efSearch"]

    def _before_training(self, index: faiss.Index) -> None:
        index.hnsw.efConstruction = _EF_CONSTRUCTION
        self.settings["efConstruction"] = _EF_CONSTRUCTION


def ivf_flat(task: Task) -> list[Peer]:
    """Whole vectors in lists."""
    return _ivf("Flat", task)


def ivf_sq8(task: Task) -> list[Peer]:
    """Vectors of one byte a dimension in lists."""
    return _ivf("SQ8", task)


def ivf_pq_fast_scan(task: Task) -> list[Peer]:
    """Codes of 4 bits for two dimensions: of vectors, or of what lies between them and a centre."""
    return [
        FaissRefinedIvf(f"IVF{lists},PQ{max(1, task.dim // 2)}x4{scan},RFlat", lists, space, task)
        for lists in _list_counts(task, _LISTS_OF_CODES)
        for scan, space in (("fs", GIVEN), ("fsr", CENTRED))
    ]


def hnsw(task: Task) -> list[Peer]:
    """Whole vectors in a graph."""
    kinds = ((16, CENTRED), (32, CENTRED), (32, EUCLIDEAN))
    return [FaissHnsw(f"HNSW{links},Flat", space, task) for links, space in kinds]


def _ivf(codes: str, task: Task) -> list[Peer]:
    return [
        FaissIvf(f"IVF{lists},{codes}", lists, space, task)
        for lists in _list_counts(task, _LISTS)
        for space in (GIVEN, EUCLIDEAN)
    ]


def _list_counts(task: Task, per_root: tuple[float, ...]) -> list[int]:
    return [max(1, round(times * task.num_items**0.5)) for times in per_root]
