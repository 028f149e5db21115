"""The rule `keep.max_user_events`: at most this number of events of each user in each split.

A split is capped by what precedes it, so that no event has an effect on an earlier split:

- Train keeps the newest events before eval begins, as an ingestion at that time would.
- Eval and test keep the first events of the split. A later event is no target, because otherwise a
  target could be lost to the events after it.
- Eval also keeps the newest events before test begins, but only as history of test targets.

With a history of at most `keep.max_user_events` events, every eval and test target has all events
before it that its history can contain.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.example_gen.rejected_events import RejectedEvents
from components.example_gen.sorted_events import SortedEvents
from components.example_gen.split import Cuts, split_masks
from schemas.events import RejectReason
from schemas.features import ITEM_ID, TRAIN_SPLIT, WINDOW_SPLITS


@dataclass(frozen=True)
class CappedEvents:
    """The effect of the rule on the events of some users.

    Attributes:
      is_kept: [num_events] bool, the events that are not rejected.
      is_history_only: [num_events] bool, the kept events that are not targets.
      rejected: The rejected events; None if there are none.
    """

    is_kept: npt.NDArray[np.bool_]
    is_history_only: npt.NDArray[np.bool_]
    rejected: RejectedEvents | None


def cap_user_events(events: SortedEvents, cuts: Cuts, maximum: int | None) -> CappedEvents:
    """Applies the rule to sorted events.

    >>> import pyarrow as pa
    >>> from components.example_gen.sorted_events import sort_events
    >>> columns = {"user_id": ["a"] * 9, "time_us": range(9), "position": range(9)}
    >>> events = sort_events(pa.table(columns))

    Events 0 to 2 are train, 3 to 7 are eval, and 8 is test. The newest event of train and the first
    of eval are kept, and the newest of eval as history of event 8:

    >>> capped = cap_user_events(events, Cuts(eval=np.array([3]), test=np.array([8])), maximum=1)
    >>> np.flatnonzero(capped.is_kept).tolist(), np.flatnonzero(capped.is_history_only).tolist()
    ([2, 3, 7, 8], [7])

    Args:
      events: All events of some users.
      cuts: The events at which eval and test begin.
      maximum: Maximum number of events of a user in a split; None for no maximum.
    """
    if maximum is None:
        return CappedEvents(np.ones(len(events), bool), np.zeros(len(events), bool), None)
    position = np.arange(len(events))
    eval_at, test_at = cuts.eval[events.user], cuts.test[events.user]
    is_train = position < eval_at
    begin = np.where(position < test_at, eval_at, test_at)
    is_within = np.where(is_train, position >= eval_at - maximum, position < begin + maximum)
    is_before_test = ~is_train & (position < test_at) & (position >= test_at - maximum)
    is_kept = is_within | is_before_test
    rejected = None if is_kept.all() else _rejected(events, cuts, is_kept, maximum)
    return CappedEvents(is_kept, is_before_test & ~is_within, rejected)


def newest_of_items(
    events: SortedEvents, cuts: Cuts, is_selected: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Returns the newest of the selected events of each user, split and item.

    The kind of the newest event on an item decides whether the item is excluded. The number of
    these events is at most three times that of the distinct items of a user.

    Args:
      events: All events of some users.
      cuts: The events at which eval and test begin.
      is_selected: [num_events] bool.

    Returns:
      [num_events] bool.
    """
    selected = np.flatnonzero(is_selected)[::-1]
    split = sum(n * mask for n, mask in enumerate(split_masks(events, cuts).values()))
    group = (events.user * len(WINDOW_SPLITS) + split)[selected]
    key = group * len(events.texts(ITEM_ID)) + events.codes(ITEM_ID)[selected]
    _, newest = np.unique(key, return_index=True)
    is_newest = np.zeros(len(events), bool)
    is_newest[selected[newest]] = True
    return is_newest


def _rejected(
    events: SortedEvents, cuts: Cuts, is_kept: npt.NDArray[np.bool_], maximum: int
) -> RejectedEvents:
    masks = split_masks(events, cuts)

    def detail(event: int) -> str:
        split = next(name for name, mask in masks.items() if mask[event])
        if split == TRAIN_SPLIT:
            return f"older than the newest {maximum} events of this user in split train"
        return f"later than the first {maximum} events of this user in split {split}"

    return RejectedEvents(RejectReason.OVER_USER_CAP, np.flatnonzero(~is_kept), detail)
