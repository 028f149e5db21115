"""The results of tuning an index."""

from dataclasses import dataclass

from components.indexer.search.query_parameters import MeasuredPlan
from components.indexer.search.retrieval import Search


@dataclass(frozen=True)
class TunedSearch:
    """A search with its best plan.

    Attributes:
      search: The search.
      best: Its plan and the measurements on the tuning queries.
      num_tried: Number of measured plans.
      seconds: Duration of the tuning.
    """

    search: Search
    best: MeasuredPlan
    num_tried: int
    seconds: float


@dataclass(frozen=True)
class TuningResult:
    """The result of tuning.

    Attributes:
      main: The search of the queries that selected the index.
      others: The searches of the other kinds of queries, by name, which use the same index.
      curve: All plans measured for `main`.
      seconds: Duration of the tuning, of all kinds of queries.
      state_bytes: Size of the index data without the vectors.
    """

    main: TunedSearch
    others: dict[str, TunedSearch]
    curve: list[MeasuredPlan]
    seconds: float
    state_bytes: int
