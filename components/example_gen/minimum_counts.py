"""The `keep` rules that depend on the train split: minimum numbers of train events."""

from collections import Counter

import numpy as np
import numpy.typing as npt

from components.example_gen.rejected_events import RejectedEvents
from components.example_gen.sorted_events import SortedEvents
from components.example_gen.split import Cuts
from schemas.data_settings import KeepSettings
from schemas.events import RejectReason
from schemas.features import ITEM_ID


def below_minimum_counts(
    events: SortedEvents,
    cuts: Cuts,
    keep: KeepSettings,
    train_item_counts: Counter[str] | None,
) -> tuple[npt.NDArray[np.bool_], list[RejectedEvents]]:
    """Rejects events, in every split, of users and items with too few train events.

    A minimum of 1 keeps all events, also of users and items without train events. Both rules count
    the same events: items are counted before users are rejected.

    Args:
      events: Events of some users.
      cuts: The events at which eval and test begin.
      keep: The minimum counts.
      train_item_counts: Number of train events by item; None if items have no minimum.

    Returns:
      A [num_events] bool mask of the kept events, and the rejected events by rule. Each event is
      kept or rejected by exactly one rule.
    """
    rejected = []
    is_left = np.ones(len(events), bool)
    if keep.min_user_events > 1:
        user_counts = cuts.eval - events.starts[:-1]
        rejected.append(_reject_users(events, is_left, user_counts, keep.min_user_events))
    if train_item_counts is not None:
        texts = events.texts(ITEM_ID).to_pylist()
        item_counts = np.array([train_item_counts[text] for text in texts], np.int64)
        rejected.append(_reject_items(events, is_left, item_counts, keep.min_item_events))
    return is_left, [by_rule for by_rule in rejected if len(by_rule.events)]


def _reject_users(
    events: SortedEvents,
    is_left: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64],
    minimum: int,
) -> RejectedEvents:
    def detail(event: int) -> str:
        count = counts[events.user[event]]
        return f"{count} train events of this user, expected at least {minimum}"

    rejected = np.flatnonzero((counts < minimum)[events.user])
    is_left[rejected] = False
    return RejectedEvents(RejectReason.TOO_FEW_USER_EVENTS, rejected, detail)


def _reject_items(
    events: SortedEvents,
    is_left: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64],
    minimum: int,
) -> RejectedEvents:
    codes, texts = events.codes(ITEM_ID), events.texts(ITEM_ID)

    def detail(event: int) -> str:
        code = codes[event]
        item = texts[code].as_py()
        return f"{counts[code]} train events of item {item}, expected at least {minimum}"

    rejected = np.flatnonzero(is_left & (counts < minimum)[codes])
    is_left[rejected] = False
    return RejectedEvents(RejectReason.TOO_FEW_ITEM_EVENTS, rejected, detail)
