"""Sequence files: every user's items in order, without times.

An item's place in its sequence stands for its time, in seconds since an instant that is the same
for all: a user's order holds, and hour, weekday and gap tell nothing. Users are cut one by one
(leave-one-out), since a cut in time means nothing here.
"""

import csv
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.logs.adapter import Adapter, Config, Prepared, first_lines, open_text
from schemas.errors import InputError

Sequences = Iterator[tuple[str, list[str]]]

_EPOCH_S = 946_684_800  # 2000-01-01T00:00:00Z
_NUM_LINES_TO_TELL = 1_000
# The history covers all of 95 % of the users, in steps of 50, as far as 200: 50 on the Amazon
# logs and 200 on MovieLens-1M, as in papers.
_HISTORY_STEP, _MAX_HISTORY, _USERS_COVERED = 50, 200, 0.95
_ATTRIBUTES = "_item2attributes.json"


def _user_items(log: Path) -> Sequences:
    for number, tokens in _lines(log):
        if len(tokens) < 2:
            raise InputError(f"{log}, line {number}: expected a user, then items")
        yield tokens[0], tokens[1:]


def _items(log: Path) -> Sequences:
    for number, tokens in _lines(log):
        yield str(number), tokens


def _pairs(log: Path) -> Sequences:
    of_user: dict[str, list[str]] = defaultdict(list)
    for number, tokens in _lines(log):
        if len(tokens) != 2:
            raise InputError(f"{log}, line {number}: expected `user item`, got {len(tokens)} words")
        of_user[tokens[0]].append(tokens[1])
    yield from of_user.items()


def _lines(log: Path) -> Iterator[tuple[int, list[str]]]:
    """(1-based number, words) of each line that is not blank."""
    if not log.is_file():
        raise InputError(f"{log}: is no file; a sequence log is one")
    with open_text(log) as file:
        for number, line in enumerate(file, start=1):
            if tokens := line.split():
                yield number, tokens


def _is_numbers(log: Path) -> bool:
    lines = first_lines(log, _NUM_LINES_TO_TELL)
    tokens = [token for line in lines for token in line.split()]
    return bool(tokens) and all(token.isdecimal() for token in tokens)


def _is_pairs(log: Path) -> bool:
    return _is_numbers(log) and all(len(tokens) == 2 for _, tokens in _lines(log))


def _is_user_items(log: Path) -> bool:
    """Every line begins with another id: with sequences of items alone some would begin alike."""
    if not _is_numbers(log):
        return False
    users = [tokens[0] if len(tokens) > 1 else "" for _, tokens in _lines(log)]
    return "" not in users and len(set(users)) == len(users)


def _preparer(read: Callable[[Path], Sequences], layout: str) -> Callable[..., Prepared]:
    def prepare(log: Path, folder: Path, attributes: Path | None) -> Prepared:
        folder.mkdir(parents=True, exist_ok=True)
        events = folder / "events.csv"
        lengths, items = _write_events(read(log), events)
        facts = (
            f"{layout}: {len(lengths):,} users, {len(items):,} items, {sum(lengths):,} events; "
            f"places as times in {events}"
        )
        config = _config(events, lengths)
        attributes = attributes or _beside(log)
        if attributes is not None:
            config["items"] = _write_items(attributes, items, folder / "items.jsonl")
            facts += f"; attributes from {attributes}"
        return Prepared(config, facts)

    return prepare


def _write_events(sequences: Sequences, path: Path) -> tuple[list[int], dict[str, None]]:
    """Returns the sequences' lengths and the items in order of appearance."""
    lengths: list[int] = []
    items: dict[str, None] = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("user", "item", "time_s"))
        for user, sequence in sequences:
            writer.writerows((user, item, _EPOCH_S + place) for place, item in enumerate(sequence))
            lengths.append(len(sequence))
            items |= dict.fromkeys(sequence)
    if not lengths:
        raise InputError(f"{path}: the log has no line with an item")
    return lengths, items


def _write_items(attributes: Path, items: dict[str, None], path: Path) -> Config:
    """The logged items with their attributes; one that is not logged was never a candidate."""
    of_item = _read_attributes(attributes)
    if not items.keys() & of_item.keys():
        raise InputError(f"{attributes}: has attributes for none of the log's items")
    with path.open("w", encoding="utf-8") as file:
        for item in items:
            row = {"item": item, "attributes": [str(value) for value in of_item.get(item, [])]}
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


def _beside(log: Path) -> Path | None:
    """S3Rec's Beauty.txt has its attributes in Beauty_item2attributes.json."""
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
        looks_like="lines of two numbers `user item`, a user's in order (SASRec's ml-1m.txt)",
        matches=_is_pairs,
        prepare=_preparer(_pairs, "`user item` a line"),
        is_sequence=True,
    ),
    Adapter(
        name="user-items",
        looks_like="lines of numbers `user item item …`, each user once (S3Rec's Beauty.txt)",
        matches=_is_user_items,
        prepare=_preparer(_user_items, "`user item item …` a line"),
        is_sequence=True,
    ),
    Adapter(
        name="items",
        looks_like="lines of numbers `item item …`, a user each (gSASRec's train/input.txt)",
        matches=_is_numbers,
        prepare=_preparer(_items, "`item item …` a line, a line a user"),
        is_sequence=True,
    ),
)
