"""Chooses the search of the twin, which no custom op may be needed for."""

import time
from collections.abc import Mapping

import tensorflow as tf

from components.indexer.search.choose_index import (
    ChosenIndex,
    exact_index,
    query_kinds,
    tuned_index,
)
from components.indexer.search.exact import ExactSearch
from components.indexer.search.inverted_file import InvertedFile, InvertedFileSearch
from components.indexer.search.query_kind import (
    QueryKind,
    faster_exact,
    missed_target,
    tuned_search,
    tuning_task,
)
from components.indexer.search.query_parameters import (
    MeasuredPlan,
    exact_ranking,
    measure_small_leaves,
)
from components.indexer.search.recall_latency import TuningQueries
from components.indexer.search.retrieval import Search
from components.indexer.search.search_plan import SearchKind, SearchPlan, twin_plan
from components.indexer.search.tuned_search import TunedSearch, TuningResult
from components.progress import progress
from schemas.serving_settings import IndexSettings


class BuiltInvertedFile:
    """An inverted file, on which the number of leaves to search is tuned."""

    def __init__(self, embedding: tf.Variable):
        """Computes the means and spreads of the leaves.

        Args:
          embedding: [num_items, dim] float32, in the order of `leaf_order`.
        """
        self.index = InvertedFile(embedding)
        self._search_function = tf.function(
            lambda queries, num_neighbors, leaves: InvertedFileSearch(self.index, leaves)(
                queries, num_neighbors
            ),
            autograph=False,
            input_signature=[
                tf.TensorSpec([None, embedding.shape[1]], tf.float32),
                tf.TensorSpec([], tf.int32),
                tf.TensorSpec([], tf.int32),
            ],
        )

    def search(self, plan: SearchPlan) -> Search:
        """Returns the search with the query parameters of `plan`."""
        leaves = tf.constant(plan.leaves_to_search)

        def search(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            found: tuple[tf.Tensor, tf.Tensor] = self._search_function(
                queries, num_neighbors, leaves
            )
            return found

        return search


def choose_twin(
    exact: ExactSearch,
    queries: TuningQueries,
    settings: IndexSettings,
    others: Mapping[str, TuningQueries] | None = None,
) -> ChosenIndex:
    """Builds an inverted file and tunes it; chooses exact search where it is better.

    Args:
      exact: Exact search over the items, in the order of `leaf_order` if the plan of the twin is an
        inverted file.
      queries: Held-out queries of `recommend`.
      settings: The index section of the configuration.
      others: Queries of the signatures that send other kinds of queries, by signature.
    """
    main, kinds = query_kinds(exact, queries, settings, others or {})
    plan = twin_plan(exact.num_items, settings)
    if plan.kind is SearchKind.EXACT:
        return exact_index(main, kinds, plan.reason)
    tuned = _tune(plan, main, kinds)
    measured = tuned_search(main, tuned.main)
    reason = missed_target(main, tuned.main, measured) or faster_exact(main, tuned.main)
    if reason:
        return exact_index(main, kinds, reason, tuned.curve, tuned.seconds)
    return tuned_index(exact, measured, kinds, tuned)


def _tune(plan: SearchPlan, main: QueryKind, others: Mapping[str, QueryKind]) -> TuningResult:
    begin = time.monotonic()
    built = BuiltInvertedFile(main.exact.embedding)
    tuned, curve = _tune_leaves(built, plan, main)
    searches = {name: _tune_leaves(built, plan, kind)[0] for name, kind in others.items()}
    seconds = time.monotonic() - begin
    return TuningResult(tuned, searches, curve, seconds, built.index.state_bytes())


def _tune_leaves(
    built: BuiltInvertedFile, plan: SearchPlan, kind: QueryKind
) -> tuple[TunedSearch, list[MeasuredPlan]]:
    """Returns the search with the fewest leaves that suffice, and all measurements."""
    begin = time.monotonic()
    # One index is built, so there is no limit of time.
    task = tuning_task(kind, 0.0)
    curve = list(measure_small_leaves(built, plan, task, exact_ranking(task)))
    best, seconds = _best(curve), time.monotonic() - begin
    progress.info(
        "index: inverted file: %d of %d leaves: recall %.4f at %.3f ms per query",
        best.plan.leaves_to_search,
        best.plan.num_leaves,
        best.recall,
        best.latency_ms,
    )
    search = InvertedFileSearch(built.index, best.plan.leaves_to_search)
    return TunedSearch(search, best, len(curve), seconds), curve


def _best(curve: list[MeasuredPlan]) -> MeasuredPlan:
    """Returns the plan with the fewest leaves that meets the target, else that of highest recall.

    Fewer leaves are always faster. Measured latencies are not compared, because other load on the
    machine changes them by more than the leaves do.
    """
    sufficient = [measured for measured in curve if measured.meets_target]
    if sufficient:
        return min(sufficient, key=lambda measured: measured.plan.leaves_to_search)
    return max(curve, key=lambda measured: measured.recall)
