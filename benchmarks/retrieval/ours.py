"""This project's index: ScaNN as `components.indexer.search.tune` chooses it for a recall target.

Tuned through the TensorFlow op that serves, and timed through ScaNN's Python binding, which runs
the same code: a call of TensorFlow from Python costs several times what a search does, and the
other libraries would not pay it. `benchmarks.index_ceiling` has what a served model takes.
"""

from dataclasses import asdict

import numpy as np
import tensorflow as tf
from scann.scann_ops.py import scann_ops_pybind

from benchmarks.retrieval.core import one_core
from benchmarks.retrieval.peers.peer import Peer, Settings
from benchmarks.retrieval.peers.peer import Task as Searched
from components.indexer.search.exact import ExactSearch
from components.indexer.search.plan import make_plan
from components.indexer.search.quality import Queries
from components.indexer.search.scann_search import configured
from components.indexer.search.tune import Task, default_seconds, tune
from schemas.model_settings import IndexSettings

_TOLD = ("num_leaves", "leaves_to_search", "reorder_factor", "anisotropic_threshold")


class TunedScann:
    """The index that a pipeline would push for one recall target."""

    def __init__(self, target: float, task: Searched):
        """Args: target: Of recall@k, in 0…1."""
        self.settings: Settings = {}
        self.target = target
        self._task = task

    def build(self, items: np.ndarray, queries: np.ndarray) -> None:
        """Tunes within the time that a pipeline takes for it, then builds what was chosen."""
        task = self._task
        settings = IndexSettings(k=task.k, max_k=task.k, recall_target=self.target)
        chosen_by = Queries(queries, np.zeros((len(queries), 0), np.int32))
        exact = ExactSearch(tf.Variable(items, trainable=False))
        seconds = default_seconds(task.num_items, task.dim)
        plan = make_plan(task.num_items, settings)
        with one_core():
            tuned = tune(plan, Task(exact, chosen_by, settings, task.k, seconds))
        self._plan = tuned.measured.plan
        told = asdict(self._plan)
        self.settings = {"kind": self._plan.kind.value, **{name: told[name] for name in _TOLD}}
        self.settings["anisotropic_leaves"] = self._plan.anisotropic_leaves
        self._size_bytes = items.nbytes + tuned.search.index.state_bytes()
        builder = scann_ops_pybind.builder(items, task.k, "dot_product")
        self._searcher = configured(builder, self._plan).build()

    def size_bytes(self) -> int:
        """Of the vectors and of what ScaNN made of them."""
        return self._size_bytes

    def ladders(self) -> list[list[Settings]]:
        """The one way that was chosen."""
        return [[{}]]

    def use(self, way: Settings) -> None:
        """There is one way only."""

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        """Rows [num_queries, k] int64."""
        reorder = (
            max(k, round(k * self._plan.reorder_factor)) if self._plan.reorder_factor else None
        )
        leaves = self._plan.leaves_to_search or None
        if len(queries) == 1:
            rows, _ = self._searcher.search(queries[0], k, reorder, leaves)
            return _padded(rows[np.newaxis], k)
        return _padded(self._searcher.search_batched(queries, k, reorder, leaves)[0], k)


def _padded(rows: np.ndarray, k: int) -> np.ndarray:
    """ScaNN gives fewer columns where fewer were found."""
    missing = [(0, 0), (0, k - rows.shape[1])]
    return np.pad(rows.astype(np.int64), missing, constant_values=-1)


def ours(task: Searched) -> list[Peer]:
    """One index for each target."""
    return [TunedScann(target, task) for target in task.targets]
