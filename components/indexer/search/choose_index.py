"""Chooses the search of a catalogue by its size, and tunes it on held-out queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.indexer.search.exact import ExactSearch
from components.indexer.search.query_kind import (
    KindSearch,
    QueryKind,
    exact_search,
    faster_exact,
    missed_target,
    query_kind,
    tuned_search,
    tuning_task,
)
from components.indexer.search.query_parameters import MeasuredPlan
from components.indexer.search.recall_latency import TuningQueries
from components.indexer.search.retrieval import Search
from components.indexer.search.search_plan import SearchKind, SearchPlan, initial_plan
from components.indexer.search.tune import default_seconds, tune
from components.indexer.search.tuned_search import TunedSearch, TuningResult
from components.progress import progress
from schemas import serving
from schemas.serving_settings import IndexSettings

# Up to this size exact search takes milliseconds and replaces a ScaNN index that misses the target.
MAX_EXACT_ITEMS = 200_000


@dataclass(frozen=True)
class ChosenIndex:
    """The chosen searches and their measurements.

    Attributes:
      main: The search of the signatures without an entry in `others`. Its queries select the index.
      others: The searches of the signatures that send other kinds of queries, by signature.
      size_bytes: Size of the vectors and of the index data.
      curve: All plans measured for `main`.
      seconds: Duration of the tuning; 0 without tuning.
    """

    main: KindSearch
    others: dict[str, KindSearch]
    size_bytes: int
    curve: list[MeasuredPlan] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def search(self) -> Search:
        """The search of `recommend`."""
        return self.main.search

    @property
    def plan(self) -> SearchPlan:
        """The configuration of the search of `recommend`."""
        return self.main.plan

    @property
    def recall(self) -> float:
        """The recall of `recommend`."""
        return self.main.recall

    @property
    def fetch(self) -> int:
        """The number of items that `recommend` fetched in the measurement."""
        return self.main.fetch

    @property
    def searches(self) -> dict[str, KindSearch]:
        """The searches of all kinds of queries, by signature."""
        return {serving.RECOMMEND: self.main, **self.others}

    @property
    def is_approximate(self) -> bool:
        """Whether any kind of query has an approximate search."""
        return any(kind.plan.kind is not SearchKind.EXACT for kind in self.searches.values())


def choose_index(
    exact: ExactSearch,
    queries: TuningQueries,
    settings: IndexSettings,
    others: Mapping[str, TuningQueries] | None = None,
) -> ChosenIndex:
    """Builds and tunes the index that suits the size of the catalogue.

    Args:
      exact: Exact search over the items, whose embeddings are indexed.
      queries: Held-out queries of `recommend`, which select the index. One half of the users tunes
        the index, the other half measures its recall.
      settings: The index section of the configuration.
      others: Queries of the signatures that send other kinds of queries, by signature. Each kind is
        tuned on the selected index and gets its own query parameters; if none meets the recall
        target, it is searched exactly.
    """
    num_items, dim = exact.embedding.shape
    main, kinds = query_kinds(exact, queries, settings, others or {})
    plan = initial_plan(num_items, settings)
    if not plan.is_scann:
        return exact_index(main, kinds, plan.reason)
    seconds = settings.tuning_seconds or default_seconds(num_items, dim)
    tasks = {name: tuning_task(kind, seconds) for name, kind in kinds.items()}
    tuned = tune(plan, tuning_task(main, seconds), tasks)
    measured = tuned_search(main, tuned.main)
    missed = missed_target(main, tuned.main, measured)
    reason = missed if num_items <= MAX_EXACT_ITEMS else None
    reason = reason or faster_exact(main, tuned.main)
    if reason:
        return exact_index(main, kinds, reason, tuned.curve, tuned.seconds)
    return tuned_index(exact, measured, kinds, tuned)


def query_kinds(
    exact: ExactSearch,
    queries: TuningQueries,
    settings: IndexSettings,
    others: Mapping[str, TuningQueries],
) -> tuple[QueryKind, dict[str, QueryKind]]:
    """Returns the kind of queries of `recommend`, and the other kinds by signature."""
    # Only `recommend` lets a request choose k.
    kinds = {name: query_kind(exact, other, settings, settings.k) for name, other in others.items()}
    return query_kind(exact, queries, settings, settings.max_k), kinds


def tuned_index(
    exact: ExactSearch, main: KindSearch, others: dict[str, QueryKind], tuned: TuningResult
) -> ChosenIndex:
    """Returns a tuned index. Kinds whose search misses the target are searched exactly."""
    searches = {name: _search_of(kind, name, tuned.others[name]) for name, kind in others.items()}
    size_bytes = _vectors_bytes(exact) + tuned.state_bytes
    return ChosenIndex(main, searches, size_bytes, tuned.curve, tuned.seconds)


def _search_of(kind: QueryKind, name: str, tuned: TunedSearch) -> KindSearch:
    """Returns the search of a kind that did not select the index: tuned, or else exact."""
    measured = tuned_search(kind, tuned)
    reason = missed_target(kind, tuned, measured) or faster_exact(kind, tuned)
    if not reason:
        return measured
    progress.info("index: %s: %s", name, reason)
    return exact_search(kind, reason)


def _vectors_bytes(exact: ExactSearch) -> int:
    """Returns the size of the vectors in bytes."""
    return exact.embedding.numpy().nbytes


def exact_index(
    main: QueryKind,
    others: dict[str, QueryKind],
    reason: str,
    curve: list[MeasuredPlan] | None = None,
    seconds: float = 0.0,
) -> ChosenIndex:
    """Returns exact search of all kinds of queries, with its reason."""
    searches = {name: exact_search(kind, reason) for name, kind in others.items()}
    size_bytes = _vectors_bytes(main.exact)
    return ChosenIndex(exact_search(main, reason), searches, size_bytes, curve or [], seconds)
