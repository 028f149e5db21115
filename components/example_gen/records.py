"""A record of a source, and how its values are found by name."""

import codecs
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import orjson

from schemas.source_settings import CsvSettings


class Source(Protocol):
    """What the settings of a log, a catalogue and a users file have in common."""

    @property
    def format(self) -> str: ...
    @property
    def csv(self) -> CsvSettings: ...


class Record(NamedTuple):
    """One record: its 1-based line or row, the wanted values (None where absent), its text."""

    line: int
    values: tuple[Any, ...]
    raw: bytes | str | None

    def text(self) -> str:
        """The record as it was read; the wanted values as JSON where the format has no text."""
        if isinstance(self.raw, bytes):
            return self.raw.decode("utf-8", "backslashreplace")
        return orjson.dumps(self.values, default=str).decode() if self.raw is None else self.raw


def top_column(name: str, names: list[str]) -> str:
    return name if name in names else name.split(".", 1)[0]


def getter(name: str) -> Callable[[dict[str, Any]], Any]:
    """Looks a name up: as a key, else as a dotted path."""
    if "." not in name:
        return lambda record: record.get(name)
    parts = name.split(".")

    def get(record: dict[str, Any]) -> Any:
        if name in record:
            return record[name]
        value: Any = record
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return get


def has_column(record: dict[str, Any], name: str) -> bool:
    return name in record or getter(name)(record) is not None


def without_bom(line: bytes) -> bytes:
    return line.removeprefix(codecs.BOM_UTF8)
