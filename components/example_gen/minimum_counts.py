"""The `keep` rules that need the train split: events of users and items with too few in it."""

from collections import Counter

import numpy as np

from components.example_gen.rejections import Rejection
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
) -> tuple[np.ndarray, list[Rejection]]:
    """Rejects, in every split, what has too few train events.

    A minimum of 1 keeps all, also users and items that are first seen after the train period.
    Users and items are counted on the same events, before either rule has rejected any.

    Args:
      events: Some users' events.
      cuts: Where eval and test begin among them.
      keep: The minimum counts.
      train_item_counts: Train events per item; None where items have no minimum.

    Returns:
      [num_events] bool, which are kept, and the rejections of the others, each event in one.
    """
    rejections = []
    is_left = np.ones(len(events), bool)
    if keep.min_user_events > 1:
        of_user = cuts.eval - events.starts[:-1]
        rejections.append(_reject_users(events, is_left, of_user, keep.min_user_events))
    if train_item_counts is not None:
        texts = events.texts(ITEM_ID).to_pylist()
        of_item = np.array([train_item_counts[text] for text in texts], np.int64)
        rejections.append(_reject_items(events, is_left, of_item, keep.min_item_events))
    return is_left, [rejection for rejection in rejections if len(rejection.events)]


def _reject_users(
    events: SortedEvents, is_left: np.ndarray, counts: np.ndarray, minimum: int
) -> Rejection:
    def detail(event: int) -> str:
        count = counts[events.user[event]]
        return f"{count} train events of this user, at least {minimum} are kept"

    rejected = np.flatnonzero((counts < minimum)[events.user])
    is_left[rejected] = False
    return Rejection(RejectReason.TOO_FEW_USER_EVENTS, rejected, detail)


def _reject_items(
    events: SortedEvents, is_left: np.ndarray, counts: np.ndarray, minimum: int
) -> Rejection:
    codes, texts = events.codes(ITEM_ID), events.texts(ITEM_ID)

    def detail(event: int) -> str:
        code = codes[event]
        item = texts[code].as_py()
        return f"{counts[code]} train events of item {item}, at least {minimum} are kept"

    rejected = np.flatnonzero(is_left & (counts < minimum)[codes])
    is_left[rejected] = False
    return Rejection(RejectReason.TOO_FEW_ITEM_EVENTS, rejected, detail)
