"""JSON Lines as records."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from components.example_gen.files import open_input
from components.example_gen.records import Record, getter, has_column, without_bom
from schemas.events import Reject, RejectReason

_LINES_TO_FIND_COLUMNS = 100


def read_jsonl(path: str, columns: tuple[str, ...]) -> Iterator[Record | Reject]:
    """Records of one file, its strings in UTF-8."""
    getters = [getter(name) for name in columns]
    with open_input(path) as file:
        for number, read in enumerate(file, start=1):
            line = (without_bom(read) if number == 1 else read).rstrip(b"\r\n")
            try:
                value = orjson.loads(line)
                if isinstance(value, dict):
                    yield Record(number, tuple([get(value) for get in getters]), line)
                    continue
                problem = f"a JSON {type(value).__name__}, expected an object"
            except orjson.JSONDecodeError as error:
                if not line.strip():
                    continue
                problem = f"not JSON: {error}"
            raw = line.decode("utf-8", "backslashreplace")
            yield Reject(path, number, RejectReason.UNPARSEABLE, problem, raw)


def find_keys(path: str, wanted: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The keys of the first 100 records, and those of `wanted` that none of them has.

    Without one readable record nothing is said to lack: records are then refused one by one.
    """
    seen: dict[str, None] = {}
    lacking = set(wanted)
    with open_input(path) as file:
        for line in islice(file, _LINES_TO_FIND_COLUMNS):
            value = _loads_or_none(without_bom(line))
            if isinstance(value, dict):
                seen.update(dict.fromkeys(value))
                lacking -= {name for name in lacking if has_column(value, name)}
    return list(seen), [name for name in wanted if name in lacking and seen]


def _loads_or_none(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
