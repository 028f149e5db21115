"""Checks of `targets.negative` against the other settings of the log and of targets."""

from collections.abc import Iterator

from schemas.settings import Settings
from schemas.target_settings import NegativeSettings

_KEY = "targets.negative"
_TYPES_KEY = f"{_KEY}.event_types"
_VALUE_KEY = f"{_KEY}.max_value"


def negative_problems(settings: Settings) -> Iterator[str]:
    """Yields a text for each contradiction, with the keys and the remedy."""
    negative = settings.targets.negative
    if negative is None:
        if settings.train.negative_weight is not None:
            yield (
                f"train.negative_weight: requires {_KEY}, which defines the negative feedback; "
                "add it, or remove the weight"
            )
        return
    if negative.event_types is None and negative.max_value is None:
        yield (
            f"{_KEY}: has neither event_types nor max_value, so that every event would be "
            "negative; give one of them, or remove the key"
        )
    if negative.event_types is not None and not negative.event_types:
        yield f"{_TYPES_KEY}: an empty list selects no event; list some types, or remove the key"
    fields = settings.interactions.fields
    if negative.event_types and fields.event_type is None:
        yield f"{_TYPES_KEY}: requires interactions.fields.event_type, the column of the event type"
    if negative.max_value is not None and fields.value is None:
        yield f"{_VALUE_KEY}: requires interactions.fields.value, the column of the value"
    yield from _contradicting_targets(settings, negative)
    yield from _left_out(settings, negative)


def _contradicting_targets(settings: Settings, negative: NegativeSettings) -> Iterator[str]:
    """Yields a problem for each type of which every event is both a target and negative."""
    targets = settings.targets
    if negative.max_value is not None:
        return
    for key, types in (
        ("targets.event_types", targets.event_types or ()),
        ("targets.weights", targets.weights),
    ):
        for event_type in negative.event_types or ():
            if event_type in types:
                yield (
                    f"{key} and {_TYPES_KEY}: both contain {event_type!r}, but negative feedback "
                    f"is never a target; remove it from one of them, or separate its events by "
                    f"{_VALUE_KEY}"
                )


def _left_out(settings: Settings, negative: NegativeSettings) -> Iterator[str]:
    """Yields a problem for each condition whose events `interactions.keep` leaves out."""
    keep = settings.interactions.keep
    for event_type in negative.event_types or ():
        if keep.event_types and event_type not in keep.event_types:
            yield (
                f"{_TYPES_KEY}: {event_type!r} is left out by interactions.keep.event_types "
                f"({', '.join(keep.event_types)}), so none of its events is negative feedback; add "
                "it there, or remove it here"
            )
    if (
        negative.max_value is not None
        and keep.min_value is not None
        and negative.max_value < keep.min_value
    ):
        yield (
            f"{_VALUE_KEY} is {negative.max_value:g}, below interactions.keep.min_value "
            f"({keep.min_value:g}), which leaves out all such events; lower "
            "interactions.keep.min_value, or remove one of them"
        )
