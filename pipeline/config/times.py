"""Consistency checks of times: units, formats, and logs whose rows are only in order."""

from collections.abc import Iterator

from components.records.time_formats import time_format
from schemas.data_settings import InteractionsSettings, ItemsSettings
from schemas.settings import Settings
from schemas.source_settings import FeatureKind

_ROW_ORDER = "interactions.fields.timestamp: row_order"


def time_problems(settings: Settings) -> Iterator[str]:
    """Yields the contradictions in the settings of times, with their remedies."""
    yield from _source("interactions", settings.interactions)
    if settings.items is not None:
        yield from _source("items", settings.items)
    sections = {
        "interactions.context": settings.interactions.context,
        "items.features": settings.items.features if settings.items else {},
        "users.features": settings.users.features if settings.users else {},
    }
    for section, features in sections.items():
        for name, feature in features.items():
            key = f"{section}.{name}"
            if feature.kind is not FeatureKind.TIMESTAMP:
                for field in ("timestamp_unit", "timestamp_format"):
                    if getattr(feature, field) is not None:
                        yield (
                            f"{key}.{field}: applies to kind timestamp, but the kind is "
                            f"{feature.kind.value}; remove it"
                        )
            elif feature.timestamp_unit and feature.timestamp_format:
                yield f"{key}: timestamp_unit and timestamp_format exclude each other; remove one"
            yield from _format(key, feature.timestamp_format)
    if settings.interactions.has_row_order:
        yield from _row_order(settings)


def _source(section: str, source: InteractionsSettings | ItemsSettings) -> Iterator[str]:
    if source.timestamp_format is not None and source.timestamp_unit != "s":
        yield (
            f"{section}: timestamp_format replaces timestamp_unit "
            f"({source.timestamp_unit}); remove one of them"
        )
    yield from _format(section, source.timestamp_format)


def _format(key: str, text: str | None) -> Iterator[str]:
    if text is None:
        return
    try:
        time_format(text)
    except ValueError as error:
        yield f"{key}.timestamp_format: {error}"


def _row_order(settings: Settings) -> Iterator[str]:
    log = settings.interactions
    if settings.split.policy == "temporal":
        yield (
            f"{_ROW_ORDER} gives the order of each user's events, but no times by which to cut the "
            "events of all users, so that split.policy temporal is impossible; set "
            "split.policy: leave_one_out (its metrics do not show how a model does on later data)"
        )
    if log.query is not None:
        yield f"{_ROW_ORDER}: the rows of a query have no order; select a column that states it"
    used = {
        "interactions.reject.earliest": log.reject.earliest is not None,
        "interactions.reject.user_rate_limit": log.reject.user_rate_limit is not None,
        "interactions.timestamp_unit": log.timestamp_unit != "s",
        "interactions.timestamp_format": log.timestamp_format is not None,
        "items.fields.available_at": (
            settings.items is not None and settings.items.fields.available_at is not None
        ),
    }
    for key, is_used in used.items():
        if is_used:
            yield f"{key}: has no meaning with {_ROW_ORDER}, which has no times; remove it"
