"""What the recipe looks at: a few numbers of the data, counted on train and eval alone."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from components.trainer.data.read import TrainData
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from components.trainer.time.popularity import NUM_PERIODS, RecentPopularity
from schemas.features import TIMESTAMP, USER_ID
from schemas.settings import DataSettings

# Items that stand so near each other in a history count as a pair.
_NEAR = 3
_CUTOFF = 10
# Targets of split eval that are scored, in blocks.
_MAX_TARGETS = 5_000
_BLOCK = 500
# Scores of a block are dense: a gigabyte would be too much for a fact.
_MAX_ITEMS = 100_000


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Numbers of a log that decide how to train on it.

    Attributes:
      num_items: Candidates.
      num_targets: Targets of split train.
      median_history: Events before a target of split train at the median, a run of one item being
        one where runs are folded.
      max_history: Events that a history may have.
      returning_share: Of the targets of split eval, the share that is of users whom split train
        knows; None where split eval has no target.
      new_item_share: Of the same targets, the share that is of items which are no target of split
        train; None also where items have no features, so that nothing else could carry them.
      order_gain: Recall@10 on split eval by what came next after the last item, relative to that
        by what came near it, before or after: above 1 where order tells. None where nothing came
        near, and for very large catalogues.
      popularity_gain: How much more likely split eval's targets are by the last quarter of split
        train than by all of it, as a mean of logarithms; None where eval does not follow train.
    """

    num_items: int
    num_targets: int
    median_history: float
    max_history: int
    returning_share: float | None
    new_item_share: float | None
    order_gain: float | None
    popularity_gain: float | None


def facts_of(read: TrainData, data: DataSettings) -> Facts:
    """Counts."""
    train, validation = read.train, read.validation
    num_items = len(read.candidates)
    has_validation = validation.num_targets > 0
    follows_time = data.split.policy == "temporal"
    return Facts(
        num_items=num_items,
        num_targets=train.num_targets,
        median_history=float(np.median(_position(train)[train.events[WEIGHT] > 0])),
        max_history=data.history.max_length,
        returning_share=_returning_share(read) if has_validation else None,
        new_item_share=_new_item_share(read) if has_validation and read.features.item else None,
        order_gain=(
            _order_gain(train, validation, num_items)
            if has_validation and num_items <= _MAX_ITEMS
            else None
        ),
        popularity_gain=_popularity_gain(read) if has_validation and follows_time else None,
    )


def _position(windows: TransformedWindows) -> np.ndarray:
    """[num_events] int64: the place of each event in its window."""
    starts = np.cumsum(windows.lengths) - windows.lengths
    return np.arange(windows.lengths.sum()) - np.repeat(starts, windows.lengths)


def _returning_share(read: TrainData) -> float:
    user = np.repeat(read.validation.user[USER_ID], read.validation.lengths)
    known = user < read.features.user_id.num_values
    return float(known[read.validation.events[WEIGHT] > 0].mean())


def _new_item_share(read: TrainData) -> float:
    known = read.train.events[ROW][read.train.events[WEIGHT] > 0]
    asked = read.validation.events[ROW][read.validation.events[WEIGHT] > 0]
    return float(np.mean(~np.isin(asked, known)))


def _order_gain(
    train: TransformedWindows, validation: TransformedWindows, num_items: int
) -> float | None:
    after = _followers(train, num_items)
    is_asked = (validation.events[WEIGHT] > 0) & (_position(validation) > 0)
    asked = np.flatnonzero(is_asked)[:_MAX_TARGETS]
    last, target = validation.events[ROW][asked - 1], validation.events[ROW][asked]
    known = last < num_items
    near = _recall(after + after.T, last[known], target[known])
    return _recall(after, last[known], target[known]) / near if near else None


def _followers(train: TransformedWindows, num_items: int) -> sparse.csr_matrix:
    """[num_items, num_items]: how often an item (column) was a target soon after another (row)."""
    row, position = train.events[ROW], _position(train)
    is_target = train.events[WEIGHT] > 0
    counts = sparse.csr_matrix((num_items, num_items), dtype=np.float32)
    for distance in range(1, _NEAR + 1):
        target = np.flatnonzero(is_target & (position >= distance))
        pairs = row[target - distance], row[target]
        known = (pairs[0] < num_items) & (pairs[1] < num_items)
        ones = np.ones(np.count_nonzero(known), np.float32)
        places = (pairs[0][known], pairs[1][known])
        counts += sparse.csr_matrix((ones, places), shape=counts.shape)
    return counts


def _recall(counts: sparse.csr_matrix, last: np.ndarray, target: np.ndarray) -> float:
    """Recall at _CUTOFF of the most counted items after each last one; ties count against."""
    hits = 0
    for start in range(0, len(last), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores = counts[last[block]].toarray()
        of_target = scores[np.arange(len(scores)), target[block]]
        not_behind = np.count_nonzero(scores >= of_target[:, np.newaxis], axis=1)
        hits += np.count_nonzero((not_behind <= _CUTOFF) & (of_target > 0))
    return hits / max(1, len(last))


def _popularity_gain(read: TrainData) -> float:
    is_target = read.train.events[WEIGHT] > 0
    rows, time_s = read.train.events[ROW][is_target], read.train.events[TIMESTAMP][is_target]
    popularity = RecentPopularity(rows, time_s, read.candidates.available_at)
    asked = read.validation.events[ROW][read.validation.events[WEIGHT] > 0]
    log_shares = popularity.features(NUM_PERIODS, asked).numpy()
    return float(np.mean(log_shares[:, 1] - log_shares[:, 0]))
