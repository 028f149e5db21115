"""One kind of query: the queries that signatures with the same inputs send, and their search."""

from dataclasses import dataclass

from components.indexer.search.clustered_mean import clustered_mean
from components.indexer.search.exact import ExactSearch
from components.indexer.search.query_parameters import STANDARD_ERRORS, TuningTask
from components.indexer.search.recall_latency import (
    TuningQueries,
    latency_ms,
    recalls,
    search_top_k,
)
from components.indexer.search.retrieval import Search
from components.indexer.search.search_plan import SearchKind, SearchPlan
from components.indexer.search.tuned_search import TunedSearch
from schemas.serving_settings import IndexSettings


@dataclass(frozen=True)
class QueryKind:
    """Queries of one kind. One half of the users tunes their search, the other measures its recall.

    Attributes:
      exact: Exact search over the items.
      queries: Held-out queries.
      settings: The index settings.
      fetch: Number of items fetched per query, including those to be excluded.
    """

    exact: ExactSearch
    queries: TuningQueries
    settings: IndexSettings
    fetch: int


@dataclass(frozen=True)
class KindSearch:
    """The search of one kind of query and its measurements.

    Attributes:
      search: The search.
      plan: The configuration of the search.
      recall: Mean recall@k relative to exact search (`clustered_mean`), on the queries of users
        that were not used for tuning.
      latency_ms: Mean latency of the search of a single query, without exclusions.
      fetch: Number of items fetched in the measurement, including those to be excluded.
      num_queries: Number of queries that tuned and measured the search.
    """

    search: Search
    plan: SearchPlan
    recall: float
    latency_ms: float
    fetch: int
    num_queries: int


def query_kind(
    exact: ExactSearch, queries: TuningQueries, settings: IndexSettings, num_wanted: int
) -> QueryKind:
    """Returns the kind of queries that want a number of items besides the excluded ones."""
    fetch = min(exact.num_items, num_wanted + queries.exclude_rows.shape[1])
    return QueryKind(exact, queries, settings, fetch)


def tuning_task(kind: QueryKind, seconds: float) -> TuningTask:
    """Returns the task of tuning on the queries of one half of the users."""
    tuning_half, _ = kind.queries.halves()
    return TuningTask(kind.exact, tuning_half, kind.settings, kind.fetch, seconds)


def tuned_search(kind: QueryKind, tuned: TunedSearch) -> KindSearch:
    """Measures the recall of a tuned search on the queries of the other half of the users."""
    _, test_half = kind.queries.halves()
    k = kind.settings.k
    found = search_top_k(tuned.search, test_half, k, kind.fetch)
    by_query = recalls(found, search_top_k(kind.exact, test_half, k, kind.fetch))
    recall = clustered_mean(by_query, test_half.users).mean
    best = tuned.best
    return KindSearch(
        tuned.search, best.plan, recall, best.latency_ms, kind.fetch, len(kind.queries)
    )


def exact_search(kind: QueryKind, reason: str) -> KindSearch:
    """Returns exact search, with the reason for it."""
    plan = SearchPlan(SearchKind.EXACT, reason)
    return KindSearch(kind.exact, plan, 1.0, exact_ms(kind), kind.fetch, len(kind.queries))


def exact_ms(kind: QueryKind) -> float:
    """Returns the latency of exact search, in milliseconds per query."""
    tuning_half, _ = kind.queries.halves()
    return latency_ms(kind.exact, tuning_half, kind.fetch)


def faster_exact(kind: QueryKind, tuned: TunedSearch) -> str | None:
    """Returns the reason for exact search if it may be chosen for its speed and is faster."""
    plan = tuned.best.plan
    if plan.is_scann and kind.settings.kind != "auto":
        return None
    if exact_ms(kind) > tuned.best.latency_ms:
        return None
    condition = "index.kind is auto and " if plan.is_scann else ""
    return f"{condition}exact search was faster than {plan.method}"


def missed_target(kind: QueryKind, tuned: TunedSearch, measured: KindSearch) -> str | None:
    """Returns the reason for exact search if a tuned search does not reach the recall target.

    Args:
      kind: The queries.
      tuned: The tuned search.
      measured: Its recall on the second half of the queries.
    """
    best, settings = tuned.best, kind.settings
    if best.meets_target and measured.recall >= settings.recall_target:
        return None
    return (
        f"no {best.plan.method} setting met recall@{settings.k} {settings.recall_target} with a "
        f"margin of {STANDARD_ERRORS} standard errors ({tuned.num_tried} settings tried in "
        f"{tuned.seconds:.0f} s; the best reached {best.recall:.4f} on the users for tuning and "
        f"{measured.recall:.4f} on the other half): exact search is used"
    )
