"""The `keep` rules that need the train split: events of users and items with too few in it."""

from collections import Counter

from components.example_gen.clean import refuse
from components.example_gen.split import Cuts
from schemas.data_settings import KeepSettings
from schemas.events import InteractionEvent, Reject, RejectReason


def apply_minimum_counts(
    events: list[InteractionEvent],
    cuts: Cuts,
    keep: KeepSettings,
    train_item_counts: Counter[str] | None,
    files: tuple[str, ...],
) -> tuple[list[InteractionEvent], Cuts, list[Reject]]:
    """Refuses, in every split, what has too few train events.

    A minimum of 1 keeps all, also users and items that are first seen after the train period.
    Users and items are counted on the same events, before either rule has refused any.

    Args:
      events: One user's events in log order.
      cuts: Where eval and test begin among them.
      keep: The minimum counts.
      train_item_counts: Train events per item; None where items have no minimum.
      files: The log's sorted files.

    Returns:
      The kept events, the cuts among them, and the refused events.
    """
    if keep.min_user_events > 1 and cuts.eval < keep.min_user_events:
        detail = f"{cuts.eval} train events of this user, at least {keep.min_user_events} are kept"
        reason = RejectReason.TOO_FEW_USER_EVENTS
        return [], Cuts(0, 0), [refuse(event, reason, detail, files) for event in events]
    if train_item_counts is None:
        return events, cuts, []
    is_kept = [train_item_counts[event.item_id] >= keep.min_item_events for event in events]
    rejects = [
        refuse(
            event,
            RejectReason.TOO_FEW_ITEM_EVENTS,
            f"{train_item_counts[event.item_id]} train events of item {event.item_id}, "
            f"at least {keep.min_item_events} are kept",
            files,
        )
        for event, kept in zip(events, is_kept, strict=True)
        if not kept
    ]
    kept_events = [event for event, kept in zip(events, is_kept, strict=True) if kept]
    return kept_events, Cuts(sum(is_kept[: cuts.eval]), sum(is_kept[: cuts.test])), rejects
