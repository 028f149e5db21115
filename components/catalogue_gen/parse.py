"""Records of the catalogue as items, or as refusals with a reason."""

from dataclasses import dataclass
from typing import Any

from components.example_gen.fields import (
    FieldError,
    timestamp_parser,
    to_category,
    to_id,
    to_number,
)
from components.example_gen.parse import reject
from components.example_gen.records import Record
from schemas.data_settings import ItemsSettings
from schemas.events import MICROSECONDS_PER_SECOND, Reject, RejectReason
from schemas.features import MISSING_INTEGER, Feature
from schemas.source_settings import FeatureKind

FeatureValue = str | float | tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """One row of the catalogue.

    Attributes:
      item_id: Non-empty after trimming.
      available_at: Seconds since the epoch, UTC; -1 where unknown.
      values: Features in the order of the feature table's `item`: floats of numbers, tuples of
        texts of `categories`, texts of the rest.
    """

    item_id: str
    available_at: int
    values: tuple[FeatureValue, ...]


class ItemParser:
    """Turns records of the catalogue, read with `columns`, into items."""

    def __init__(self, settings: ItemsSettings, features: tuple[Feature, ...]):
        fields = settings.fields
        self._features = features
        self._to_us = timestamp_parser(settings.timestamp_unit)
        self._has_time = fields.available_at is not None
        times = (fields.available_at,) if fields.available_at is not None else ()
        self.columns = (fields.item_id, *times, *(feature.column for feature in features))

    def parse(self, record: Record, path: str) -> Item | Reject:
        """One item, or why there is none; `record` holds the values of `self.columns`."""
        item_id, *rest = record.values
        try:
            available_at = self._available_at(rest.pop(0)) if self._has_time else MISSING_INTEGER
            values = tuple(map(_value, rest, self._features))
            return Item(to_id(item_id, "item_id"), available_at, values)
        except FieldError as error:
            return reject(record, path, error)

    def _available_at(self, value: Any) -> int:
        try:
            return self._to_us(value) // MICROSECONDS_PER_SECOND
        except FieldError as error:
            if error.reason is RejectReason.MISSING_FIELD:
                return MISSING_INTEGER
            raise FieldError(error.reason, f"available_at: {error.detail}") from None


def missing_values(features: tuple[Feature, ...]) -> tuple[FeatureValue, ...]:
    """The values of an item that is logged but not in the catalogue."""
    return tuple(_value(None, feature) for feature in features)


def _value(value: Any, feature: Feature) -> FeatureValue:
    if feature.is_number:
        return to_number(value, feature.name)
    if feature.kind is FeatureKind.CATEGORIES:
        return _categories(value, feature)
    return to_category(value, feature.name)


def _categories(value: Any, feature: Feature) -> tuple[str, ...]:
    """A list, or text split by the separator; trimmed, without empty and repeated ones."""
    parts = value if isinstance(value, list | tuple) else None
    if parts is None:
        parts = to_category(value, feature.name).split(feature.separator)
    texts = (to_category(part, feature.name) for part in parts)
    return tuple(dict.fromkeys(text for text in texts if text))
