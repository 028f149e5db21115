"""This project's index: ScaNN with the parameters that `components.indexer.search.tune` chooses.

The index is tuned with the TensorFlow op that is served, but timed with ScaNN's Python binding,
which runs the same code. A TensorFlow call from Python takes several times as long as a search, and
the other libraries have no such overhead. `benchmarks.index_scaling` measures a served model.
"""

from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scann.scann_ops.py import scann_ops_pybind

from benchmarks.retrieval.methods.interface import Parameters, SearchIndex, SearchTask
from benchmarks.retrieval.single_core import one_core
from components.indexer.search.exact import ExactSearch
from components.indexer.search.query_parameters import TuningTask
from components.indexer.search.recall_latency import TuningQueries
from components.indexer.search.scann_search import configured
from components.indexer.search.search_plan import initial_plan
from components.indexer.search.tune import default_seconds, tune
from schemas.serving_settings import IndexSettings

_REPORTED = ("num_leaves", "leaves_to_search", "reorder_factor", "anisotropic_threshold")


class TunedScann:
    """The index that the pipeline pushes for one recall target."""

    def __init__(self, recall_target: float, task: SearchTask):
        """Keeps the recall target, in 0…1, and the task."""
        self.build_parameters: Parameters = {}
        self.recall_target: float | None = recall_target
        self._recall_target = recall_target
        self._task = task

    def build(self, items: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]) -> None:
        """Tunes within the pipeline's default time budget, then builds with the chosen plan."""
        task = self._task
        settings = IndexSettings(k=task.k, max_k=task.k, recall_target=self._recall_target)
        tuning_queries = TuningQueries(queries, np.zeros((len(queries), 0), np.int32))
        exact = ExactSearch(tf.Variable(items, trainable=False))
        seconds = default_seconds(task.num_items, task.dim)
        plan = initial_plan(task.num_items, settings)
        with one_core():
            result = tune(plan, TuningTask(exact, tuning_queries, settings, task.k, seconds))
        self._plan = result.main.best.plan
        values = asdict(self._plan)
        self.build_parameters = {
            "kind": self._plan.kind.value,
            **{name: values[name] for name in _REPORTED},
            "anisotropic_leaves": self._plan.anisotropic_leaves,
        }
        self._size_bytes = items.nbytes + result.state_bytes
        builder = scann_ops_pybind.builder(items, task.k, "dot_product")
        self._searcher = configured(builder, self._plan).build()

    def size_bytes(self) -> int:
        """Returns the size of the vectors and of ScaNN's data."""
        return self._size_bytes

    def parameter_lists(self) -> list[list[Parameters]]:
        """Returns a single entry: the search parameters are part of the plan."""
        return [[{}]]

    def set_search_parameters(self, parameters: Parameters) -> None:
        """Does nothing."""

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
        """Returns rows [num_queries, k] int64."""
        reorder = (
            max(k, round(k * self._plan.reorder_factor)) if self._plan.reorder_factor else None
        )
        leaves = self._plan.leaves_to_search or None
        if len(queries) == 1:
            rows, _ = self._searcher.search(queries[0], k, reorder, leaves)
            return _padded(rows[np.newaxis], k)
        return _padded(self._searcher.search_batched(queries, k, reorder, leaves)[0], k)


def _padded(rows: npt.NDArray[np.uint32], k: int) -> npt.NDArray[np.int64]:
    """Returns rows [num_queries, k]; ScaNN returns fewer columns where it finds fewer items."""
    missing = [(0, 0), (0, k - rows.shape[1])]
    return np.pad(rows.astype(np.int64), missing, constant_values=-1)


def tuned(task: SearchTask) -> list[SearchIndex]:
    """Returns one index for each recall target."""
    return [TunedScann(target, task) for target in task.targets]
