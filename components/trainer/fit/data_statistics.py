"""The statistics of train and eval that the recipe depends on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.trainer.data.read import TrainData
from components.trainer.data.windows import ROW, WEIGHT, TargetEvents, TransformedWindows
from components.trainer.time.popularity import NUM_PERIODS, RecentPopularity
from schemas.features import USER_ID
from schemas.settings import DataSettings

# The largest distance of two events in a history at which their items count as a pair.
_MAX_DISTANCE = 3
_CUTOFF = 10
# Targets of split eval that are scored, in blocks.
_MAX_TARGETS = 5_000
_BLOCK = 500
# The scores of a block are dense; for more items they would take more than 0.2 GB.
_MAX_ITEMS = 100_000


@dataclass(frozen=True, kw_only=True)
class DataStatistics:
    """Statistics of train and eval.

    Attributes:
      num_items: The number of candidates.
      num_targets: The number of targets in split train.
      median_history: The median number of events before a target of split train. Consecutive events
        of one item count once if they are merged for training.
      max_history: The maximum length of a history.
      returning_share: The share of the targets of split eval whose user occurs in split train; None
        if split eval has no target.
      new_item_share: The share of the targets of split eval whose item is no target of split train;
        None if split eval has no target, or if items have no features, so that the model cannot
        represent new items.
      order_gain: Recall@10 on split eval of the items that followed the last item in split train,
        divided by the recall of the items that occurred close to it, before or after. Above 1,
        order is predictive. None if the latter recall is 0, and for very large catalogues.
      popularity_gain: The mean logarithm of the ratio of two probabilities of the targets of split
        eval: by popularity in the last quarter of split train, and by popularity in all of it. None
        if eval does not follow train in time.
      eval_lag: The number of targets of split eval, as a share of those of split train. None if
        eval does not follow train in time.
    """

    num_items: int
    num_targets: int
    median_history: float
    max_history: int
    returning_share: float | None
    new_item_share: float | None
    order_gain: float | None
    popularity_gain: float | None
    eval_lag: float | None


def compute_statistics(train_data: TrainData, data: DataSettings) -> DataStatistics:
    """Computes the statistics of train and eval."""
    train, validation = train_data.train, train_data.validation
    targets = train.targets()
    num_items = len(train_data.candidates)
    has_validation = validation.num_targets > 0
    has_item_features = bool(train_data.features.item)
    follows_time = data.split.policy == "temporal"
    return DataStatistics(
        num_items=num_items,
        num_targets=len(targets.rows),
        median_history=float(np.median(targets.positions)),
        max_history=data.history.max_length,
        returning_share=_returning_share(train_data) if has_validation else None,
        new_item_share=(
            _new_item_share(targets, validation) if has_validation and has_item_features else None
        ),
        order_gain=(
            _order_gain(train, validation, num_items)
            if has_validation and num_items <= _MAX_ITEMS
            else None
        ),
        popularity_gain=(
            _popularity_gain(targets, train_data) if has_validation and follows_time else None
        ),
        eval_lag=(
            train_data.num_eval_targets / len(targets.rows)
            if has_validation and follows_time
            else None
        ),
    )


def _returning_share(train_data: TrainData) -> float:
    validation = train_data.validation
    user = np.repeat(validation.user[USER_ID], validation.lengths)
    is_known = user < train_data.features.user_id.num_values
    return float(is_known[validation.events[WEIGHT] > 0].mean())


def _new_item_share(train: TargetEvents, validation: TransformedWindows) -> float:
    return float(np.mean(~np.isin(validation.targets().rows, train.rows)))


def _order_gain(
    train: TransformedWindows, validation: TransformedWindows, num_items: int
) -> float | None:
    following = sparse.csr_matrix((num_items, num_items), dtype=np.float32)
    for chunk in train.chunks():
        following += _following_counts(chunk, num_items)
    targets = validation.targets()
    has_history = np.flatnonzero(targets.positions > 0)[:_MAX_TARGETS]
    events = np.flatnonzero(validation.events[WEIGHT])[has_history]
    last, target = validation.events[ROW][events - 1], validation.events[ROW][events]
    is_item = last < num_items
    nearby = _recall(following + following.T, last[is_item], target[is_item])
    return _recall(following, last[is_item], target[is_item]) / nearby if nearby else None


def _following_counts(train: TransformedWindows, num_items: int) -> sparse.csr_matrix:
    """Returns [num_items, num_items] counts of a target (column) soon after an item (row)."""
    row, position = train.events[ROW], train.targets().positions
    events = np.flatnonzero(train.events[WEIGHT])
    counts = sparse.csr_matrix((num_items, num_items), dtype=np.float32)
    for distance in range(1, _MAX_DISTANCE + 1):
        target = events[position >= distance]
        pairs = row[target - distance], row[target]
        is_item = (pairs[0] < num_items) & (pairs[1] < num_items)
        ones = np.ones(np.count_nonzero(is_item), np.float32)
        indices = (pairs[0][is_item], pairs[1][is_item])
        counts += sparse.csr_matrix((ones, indices), shape=counts.shape)
    return counts


def _recall(
    counts: sparse.csr_matrix, last: npt.NDArray[np.int32], target: npt.NDArray[np.int32]
) -> float:
    """Returns recall@_CUTOFF of the items with the highest counts after each last item.

    A target is last among ties.
    """
    hits = 0
    for start in range(0, len(last), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores = counts[last[block]].toarray()
        target_scores = scores[np.arange(len(scores)), target[block]]
        ranks = np.count_nonzero(scores >= target_scores[:, np.newaxis], axis=1)
        hits += int(np.count_nonzero((ranks <= _CUTOFF) & (target_scores > 0)))
    return hits / max(1, len(last))


def _popularity_gain(train: TargetEvents, train_data: TrainData) -> float:
    available_at = train_data.candidates.available_at
    popularity = RecentPopularity(train.rows, train.time_s, available_at)
    eval_targets = train_data.validation.targets().rows
    log_shares = popularity.features(NUM_PERIODS, eval_targets).numpy()
    return float(np.mean(log_shares[:, 1] - log_shares[:, 0]))
