"""Which of a user's events are kept: duplicates, impossible times, unknown items, `keep` rules."""

import json
import math
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from schemas.data_settings import KeepSettings, RefuseSettings
from schemas.events import MICROSECONDS_PER_SECOND, InteractionEvent, Reject, RejectReason

_MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND

Complaint = Callable[[InteractionEvent], str | None]


@dataclass(frozen=True)
class CleanRules:
    """The rules that need no more than one user's events.

    Attributes:
      keep: Which valid events are worth keeping.
      refuse: Which events are impossible.
      now_us: Events after it are refused, microseconds since the epoch.
      files: The log's sorted files, by `InteractionEvent.file`.
    """

    keep: KeepSettings
    refuse: RefuseSettings
    now_us: int
    files: tuple[str, ...]


def clean_user(
    events: list[InteractionEvent], rules: CleanRules, known_items: Collection[str] | None = None
) -> tuple[list[InteractionEvent], list[Reject]]:
    """Applies every rule but the minimum counts, in this order: duplicates, future timestamps,
    unknown items, the daily limit, event types, minimum value, the cap.

    Args:
      events: All events of one user, in log order (sorted).
      rules: What to apply.
      known_items: The catalogue's ids where events on other items are refused, else None.

    Returns:
      The kept events in log order, and the refused ones.
    """
    rejects: list[Reject] = []
    keep = rules.keep

    def apply(reason: RejectReason, complaint: Complaint) -> None:
        kept = []
        for event in events_left[-1]:
            detail = complaint(event)
            if detail is None:
                kept.append(event)
            else:
                rejects.append(refuse(event, reason, detail, rules.files))
        events_left.append(kept)

    events_left = [events]
    apply(RejectReason.DUPLICATE, _duplicates(rules.files))
    apply(RejectReason.FUTURE_TIMESTAMP, _later_than(rules.now_us))
    if known_items is not None:
        apply(RejectReason.UNKNOWN_ITEM, _unknown(known_items))
    rate = rules.refuse.user_rate_limit
    if rate is not None:
        limit = _over_daily_limit(events_left[-1], rate.events)
        apply(RejectReason.OVER_RATE_LIMIT, limit)
    if keep.event_types is not None:
        apply(RejectReason.EVENT_TYPE_NOT_KEPT, _of_other_type(keep.event_types))
    if keep.min_value is not None:
        apply(RejectReason.VALUE_BELOW_MINIMUM, _below(keep.min_value))
    if keep.max_user_events is not None:
        oldest = events_left[-1][: max(0, len(events_left[-1]) - keep.max_user_events)]
        apply(RejectReason.OVER_USER_CAP, _older(oldest, keep.max_user_events))
    return events_left[-1], rejects


def refuse(
    event: InteractionEvent, reason: RejectReason, detail: str, files: tuple[str, ...]
) -> Reject:
    """The refusal of a parsed event. Its raw text stayed behind when events were grouped by user,
    so `raw` holds the parsed fields; file and line find the original."""
    fields = {name: value for name, value in event._asdict().items() if name not in _PLACE}
    fields = {name: value for name, value in fields.items() if not _is_missing(value)}
    raw = json.dumps(fields, ensure_ascii=False, default=str)
    return Reject(files[event.file], event.line, reason, detail, raw)


_PLACE = ("file", "line")


def _is_missing(value: object) -> bool:
    return value in ("", ()) or (isinstance(value, float) and math.isnan(value))


def _duplicates(files: tuple[str, ...]) -> Complaint:
    """By event_id where the log has one, else by user, item, time and type; the first is kept."""
    first: dict[object, InteractionEvent] = {}

    def complaint(event: InteractionEvent) -> str | None:
        key = event.event_id or (event.timestamp_us, event.item_id, event.event_type)
        kept = first.setdefault(key, event)
        if kept is event:
            return None
        what = f"event_id {event.event_id}" if event.event_id else "user, item, time and type"
        return f"same {what} as {files[kept.file]}, line {kept.line}, which is kept"

    return complaint


def _later_than(now_us: int) -> Complaint:
    def complaint(event: InteractionEvent) -> str | None:
        if event.timestamp_us <= now_us:
            return None
        later_s = (event.timestamp_us - now_us) / MICROSECONDS_PER_SECOND
        return f"{later_s:.0f} s later than the start of this run; check timestamp_unit"

    return complaint


def _unknown(known_items: Collection[str]) -> Complaint:
    def complaint(event: InteractionEvent) -> str | None:
        if event.item_id in known_items:
            return None
        return (
            f"item {event.item_id} is not in the catalogue; "
            "add it, or set items.unknown: accept to take logged items in without content"
        )

    return complaint


def _over_daily_limit(events: list[InteractionEvent], limit: int) -> Complaint:
    per_day = Counter(event.timestamp_us // _MICROSECONDS_PER_DAY for event in events)

    def complaint(event: InteractionEvent) -> str | None:
        count = per_day[event.timestamp_us // _MICROSECONDS_PER_DAY]
        if count <= limit:
            return None
        return f"{count} events of this user on that day (UTC), at most {limit} allowed"

    return complaint


def _of_other_type(kept_types: tuple[str, ...]) -> Complaint:
    def complaint(event: InteractionEvent) -> str | None:
        if event.event_type in kept_types:
            return None
        return f"type {event.event_type!r}, kept are {', '.join(kept_types)}"

    return complaint


def _below(minimum: float) -> Complaint:
    def complaint(event: InteractionEvent) -> str | None:
        if event.value >= minimum:
            return None
        return f"value {event.value}, at least {minimum} is kept"

    return complaint


def _older(oldest: list[InteractionEvent], cap: int) -> Complaint:
    refused = set(map(id, oldest))

    def complaint(event: InteractionEvent) -> str | None:
        return f"older than this user's newest {cap} events" if id(event) in refused else None

    return complaint
