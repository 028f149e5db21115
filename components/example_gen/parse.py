"""Records of the log as events, or as refusals with a reason."""

from collections.abc import Sequence
from typing import Any

from components.example_gen.fields import (
    FieldError,
    timestamp_parser,
    to_category,
    to_id,
    to_number,
)
from components.example_gen.records import Record
from schemas.data_settings import InteractionsSettings
from schemas.events import InteractionEvent, Reject
from schemas.features import Feature

NAN = float("nan")


def reject(record: Record, path: str, error: FieldError) -> Reject:
    """The refusal of a record for the reason that `error` carries."""
    return Reject(path, record.line, error.reason, error.detail, record.text())


class EventParser:
    """Turns records of the log, read with `columns`, into events."""

    def __init__(self, settings: InteractionsSettings, context: Sequence[Feature]):
        fields = settings.fields
        optional = {
            "event_type": fields.event_type,
            "value": fields.value,
            "event_id": fields.event_id,
        }
        wanted = [fields.user_id, fields.item_id, fields.timestamp]
        self._position: dict[str, int] = {}
        for name, column in optional.items():
            if column is not None:
                self._position[name] = len(wanted)
                wanted.append(column)
        self._context_at = len(wanted)
        self._context = tuple(context)
        self._to_us = timestamp_parser(settings.timestamp_unit)
        self.columns = (*wanted, *(feature.column for feature in context))

    def parse(self, record: Record, file: int, path: str) -> InteractionEvent | Reject:
        """One event, or why there is none.

        Args:
          record: Values of `self.columns`.
          file: Index of the file among the log's sorted files.
          path: Its path, for the refusal.
        """
        values = record.values
        at = self._position
        try:
            return InteractionEvent(
                user_id=to_id(values[0], "user_id"),
                timestamp_us=self._to_us(values[2]),
                file=file,
                line=record.line,
                item_id=to_id(values[1], "item_id"),
                event_type=to_category(values[at["event_type"]], "event_type")
                if "event_type" in at
                else "",
                value=to_number(values[at["value"]], "value") if "value" in at else NAN,
                event_id=to_category(values[at["event_id"]], "event_id")
                if "event_id" in at
                else "",
                context=feature_values(values[self._context_at :], self._context)
                if self._context
                else (),
            )
        except FieldError as error:
            return reject(record, path, error)


def feature_values(values: Sequence[Any], features: Sequence[Feature]) -> tuple[str | float, ...]:
    """Single-valued features: floats of numbers (missing: NaN), texts of the rest (missing: "").

    Raises:
      FieldError: A value is unfit for its feature.
    """
    return tuple(
        [
            to_number(value, feature.name)
            if feature.is_number
            else to_category(value, feature.name)
            for value, feature in zip(values, features, strict=True)
        ]
    )
