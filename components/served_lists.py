"""Measures of requests and of the lists that answered them.

The index is measured with held-out requests (`components.indexer.served_reference`), traffic with
its log (`pipeline.monitor`). Both use `measure_lists`, so that their values can be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

# Scores and coverage are measured at these lengths of a list, as far as lists are so long. Longer
# lists are measured by their first items, as in the evaluation.
CUTOFFS = (1, 2, 5, 10)
# The label of each range of history lengths, and its smallest value.
HISTORY_RANGES = {
    "0": 0,
    "1": 1,
    "2": 2,
    "3-4": 3,
    "5-9": 5,
    "10-19": 10,
    "20-49": 20,
    "50-99": 50,
    "100+": 100,
}
ANONYMOUS = -1
_DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True)
class ServedLists:
    """Requests and the lists that answered them.

    Attributes:
      user: [num_requests] int64, user codes; ANONYMOUS for a request without a user id.
      is_known_user: [num_requests] bool, whether the model was trained on targets of the user; None
        if that is not known.
      history_length: [num_requests] int64.
      num_history_ids: [num_requests] int64, the ids of the history that were looked up.
      num_unknown_items: [num_requests] int64, how many of them are no candidates; None if that is
        not known.
      k: [num_requests] int64, the number of items that the list could have.
      offsets: [num_requests + 1] int64; the list of request r is item[offsets[r]:offsets[r + 1]].
      item: [num_listed] int64, item codes, best first.
      score: [num_listed] float32.
    """

    user: npt.NDArray[np.int64]
    is_known_user: npt.NDArray[np.bool_] | None
    history_length: npt.NDArray[np.int64]
    num_history_ids: npt.NDArray[np.int64]
    num_unknown_items: npt.NDArray[np.int64] | None
    k: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    score: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.user)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The [num_requests] lengths of the lists."""
        return np.diff(self.offsets)

    @property
    def num_users(self) -> int:
        """The number of users; each request without a user id counts as one."""
        is_anonymous = self.user == ANONYMOUS
        return len(np.unique(self.user[~is_anonymous])) + int(is_anonymous.sum())


@dataclass(frozen=True)
class Share:
    """A share: `count` of `total`."""

    count: int
    total: int

    @property
    def value(self) -> float | None:
        """The share, 0 to 1; None of nothing."""
        return self.count / self.total if self.total else None


@dataclass(frozen=True)
class ScoreCounts:
    """The distribution of the scores at one rank.

    Attributes:
      median: The median; None without scores.
      edges: The limits between the bins: the deciles of the scores of the reference.
      counts: The number of scores in each bin, one more than edges.
    """

    median: float | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ItemCounts:
    """How often items are listed within a cutoff.

    Attributes:
      num_lists: The number of lists that could have as many items as the cutoff.
      items: The number of items that occur in as many of these lists, by that number of lists.
    """

    num_lists: int
    items: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ListMeasures:
    """Measures of requests and lists.

    Attributes:
      num_requests: The number of requests.
      num_users: The number of users; each request without a user id counts as one.
      mean_history: Mean length of the histories, each at most as long as the model reads.
      histories: The number of histories by range of that length.
      unknown_users: Requests of users on whose targets the model was not trained; None if unknown.
      unknown_items: Ids in histories that are no candidates; None if unknown.
      short_lists: Lists with fewer items than they could have.
      scores: The distribution of scores by rank.
      items: How often items are listed, by cutoff.
    """

    num_requests: int
    num_users: int
    mean_history: float | None
    histories: dict[str, int]
    unknown_users: Share | None
    unknown_items: Share | None
    short_lists: Share
    scores: dict[int, ScoreCounts]
    items: dict[int, ItemCounts]


def measure_lists(
    lists: ServedLists, max_history: int, score_edges: Mapping[int, tuple[float, ...]] | None = None
) -> ListMeasures:
    """Measures requests and lists.

    Args:
      lists: The requests and lists.
      max_history: The maximum number of past events that the model reads; longer histories count
        as so long.
      score_edges: By rank, the limits between the bins of scores; None for the deciles of these
        scores.
    """
    length = np.minimum(lists.history_length, max_history)
    by_range = np.bincount(
        np.digitize(length, list(HISTORY_RANGES.values())[1:]), minlength=len(HISTORY_RANGES)
    )
    known, unknown = lists.is_known_user, lists.num_unknown_items
    cutoffs = [cutoff for cutoff in CUTOFFS if (lists.k >= cutoff).any()]
    return ListMeasures(
        num_requests=len(lists),
        num_users=lists.num_users,
        mean_history=float(length.mean()) if len(lists) else None,
        histories=dict(zip(HISTORY_RANGES, by_range.tolist(), strict=True)),
        unknown_users=None if known is None else Share(int((~known).sum()), len(lists)),
        unknown_items=(
            None if unknown is None else Share(int(unknown.sum()), int(lists.num_history_ids.sum()))
        ),
        short_lists=Share(int((lists.lengths < lists.k).sum()), len(lists)),
        scores={rank: _score_counts(lists, rank, score_edges) for rank in cutoffs},
        items={cutoff: _item_counts(lists, cutoff) for cutoff in cutoffs},
    )


def _score_counts(
    lists: ServedLists, rank: int, edges_by_rank: Mapping[int, tuple[float, ...]] | None
) -> ScoreCounts:
    has_rank = lists.lengths >= rank
    scores = lists.score[lists.offsets[:-1][has_rank] + rank - 1].astype(np.float64)
    scores = scores[np.isfinite(scores)]
    if edges_by_rank is None:
        edges = np.unique(np.quantile(scores, _DECILES)) if len(scores) else np.empty(0)
    else:
        edges = np.asarray(edges_by_rank.get(rank, ()))
    counts = np.bincount(np.digitize(scores, edges), minlength=len(edges) + 1)
    median = float(np.median(scores)) if len(scores) else None
    return ScoreCounts(median, tuple(edges.tolist()), tuple(counts.tolist()))


def _item_counts(lists: ServedLists, cutoff: int) -> ItemCounts:
    is_long = lists.k >= cutoff
    place = np.arange(len(lists.item)) - np.repeat(lists.offsets[:-1], lists.lengths)
    is_counted = np.repeat(is_long, lists.lengths) & (place < cutoff)
    _, num_lists_of_item = np.unique(lists.item[is_counted], return_counts=True)
    frequency, num_items = np.unique(num_lists_of_item, return_counts=True)
    items = dict(zip(frequency.tolist(), num_items.tolist(), strict=True))
    return ItemCounts(int(is_long.sum()), items)
