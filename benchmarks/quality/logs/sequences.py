"""Adapters for sequence logs, which contain every user's items in order, without times.

The position of an item in its sequence becomes its timestamp, in seconds from a constant start. The
timestamps keep the order of a user's events; hour, weekday and time gaps carry no information. The
split is leave-one-out, because a split by time would be meaningless.
"""

import csv
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.logs.adapter import Adapter, Config, PreparedLog, first_lines, open_text
from schemas.errors import InputError

Sequences = Iterator[tuple[str, list[str]]]

_START_S = 946_684_800  # 2000-01-01T00:00:00Z
_NUM_LINES_INSPECTED = 1_000
# The history is long enough for the whole sequence of 95 % of the users, rounded up to a multiple
# of 50, and at most 200. As in papers, this gives 50 on the Amazon logs and 200 on MovieLens-1M.
_HISTORY_STEP, _MAX_HISTORY, _USERS_COVERED = 50, 200, 0.95
_ATTRIBUTES = "_item2attributes.json"


def _read_user_items(log: Path) -> Sequences:
    for number, tokens in _lines(log):
        if len(tokens) < 2:
            raise InputError(f"{log}, line {number}: expected a user and at least one item")
        yield tokens[0], tokens[1:]


def _read_items(log: Path) -> Sequences:
    for number, tokens in _lines(log):
        yield str(number), tokens


def _read_pairs(log: Path) -> Sequences:
    items_by_user: dict[str, list[str]] = defaultdict(list)
    for number, tokens in _lines(log):
        if len(tokens) != 2:
            raise InputError(f"{log}, line {number}: expected `user item`, got {len(tokens)} words")
        items_by_user[tokens[0]].append(tokens[1])
    yield from items_by_user.items()


def _lines(log: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields (line number from 1, words) of each line that is not blank."""
    if not log.is_file():
        raise InputError(f"{log}: not a file; expected a sequence log, which is one file")
    with open_text(log) as file:
        for number, line in enumerate(file, start=1):
            if tokens := line.split():
                yield number, tokens


def _has_only_numbers(log: Path) -> bool:
    lines = first_lines(log, _NUM_LINES_INSPECTED)
    tokens = [token for line in lines for token in line.split()]
    return bool(tokens) and all(token.isdecimal() for token in tokens)


def _is_pairs(log: Path) -> bool:
    return _has_only_numbers(log) and all(len(tokens) == 2 for _, tokens in _lines(log))


def _is_user_items(log: Path) -> bool:
    """Whether every line begins with a different id.

    Lines without a user id begin with an item, and some of them with the same item.
    """
    if not _has_only_numbers(log):
        return False
    users = [tokens[0] if len(tokens) > 1 else "" for _, tokens in _lines(log)]
    return "" not in users and len(set(users)) == len(users)


def _preparer(read: Callable[[Path], Sequences], layout: str) -> Callable[..., PreparedLog]:
    def prepare(log: Path, folder: Path, attributes: Path | None) -> PreparedLog:
        folder.mkdir(parents=True, exist_ok=True)
        events = folder / "events.csv"
        lengths, items = _write_events(read(log), log, events)
        facts = (
            f"{layout}: {len(lengths):,} users, {len(items):,} items, {sum(lengths):,} events; "
            f"positions as times in {events}"
        )
        config = _config(events, lengths)
        attributes = attributes or _attributes_file(log)
        if attributes is not None:
            config["items"] = _write_items(attributes, items, folder / "items.jsonl")
            facts += f"; attributes from {attributes}"
        return PreparedLog(config, facts)

    return prepare


def _write_events(sequences: Sequences, log: Path, path: Path) -> tuple[list[int], dict[str, None]]:
    """Writes one line per event; returns the sequence lengths and the items in order."""
    lengths: list[int] = []
    items: dict[str, None] = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("user", "item", "time_s"))
        for user, sequence in sequences:
            writer.writerows(
                (user, item, _START_S + position) for position, item in enumerate(sequence)
            )
            lengths.append(len(sequence))
            items |= dict.fromkeys(sequence)
    if not lengths:
        raise InputError(f"{log}: no line contains an item; expected a sequence log")
    return lengths, items


def _write_items(attributes: Path, items: dict[str, None], path: Path) -> Config:
    """Writes the items of the log with their attributes; returns the configuration of `items`."""
    by_item = _read_attributes(attributes)
    if not items.keys() & by_item.keys():
        raise InputError(
            f"{attributes}: contains attributes for none of the log's items; give the file of this "
            "log"
        )
    with path.open("w", encoding="utf-8") as file:
        for item in items:
            row = {"item": item, "attributes": [str(value) for value in by_item.get(item, [])]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return {
        "path": str(path.resolve()),
        "format": "jsonl",
        "fields": {"item_id": "item"},
        "features": {"attributes": "categories"},
    }


def _read_attributes(path: Path) -> dict[str, list[Any]]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    if isinstance(values, dict) and all(isinstance(listed, list) for listed in values.values()):
        return values
    raise InputError(f'{path}: expected an object {{"item": [attributes]}}')


def _attributes_file(log: Path) -> Path | None:
    """Returns the attributes in the log's folder: S3Rec has Beauty_item2attributes.json."""
    path = log.with_name(log.name.split(".")[0] + _ATTRIBUTES)
    return path if path.is_file() else None


def _config(events: Path, lengths: list[int]) -> Config:
    covering = float(np.quantile(lengths, _USERS_COVERED))
    steps = max(1, math.ceil(covering / _HISTORY_STEP))
    return {
        "interactions": {
            "path": str(events.resolve()),
            "format": "csv",
            "fields": {"user_id": "user", "item_id": "item", "timestamp": "time_s"},
            "timestamp_unit": "s",
        },
        "split": {"policy": "leave_one_out"},
        "history": {"max_length": min(_MAX_HISTORY, steps * _HISTORY_STEP)},
    }


ADAPTERS = (
    Adapter(
        name="pairs",
        description="lines of two numbers `user item` in each user's order (SASRec's ml-1m.txt)",
        matches=_is_pairs,
        prepare=_preparer(_read_pairs, "lines `user item`"),
        is_sequence=True,
    ),
    Adapter(
        name="user-items",
        description="lines of numbers `user item item …`, one line per user (S3Rec's Beauty.txt)",
        matches=_is_user_items,
        prepare=_preparer(_read_user_items, "lines `user item item …`"),
        is_sequence=True,
    ),
    Adapter(
        name="items",
        description="lines of numbers `item item …`, one line per user (gSASRec's train/input.txt)",
        matches=_has_only_numbers,
        prepare=_preparer(_read_items, "lines `item item …`"),
        is_sequence=True,
    ),
)
