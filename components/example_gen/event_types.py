"""Event types of the configuration that do not occur in the log."""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from components.example_gen.sorted_events import SortedEvents
from schemas.errors import InputError
from schemas.features import EVENT_TYPE, TRAIN_SPLIT, WINDOW_SPLITS
from schemas.settings import DataSettings

# The stage of all valid records of the log; the other stages are the splits of the kept events.
LOG_STAGE = "log"
WEIGHTS_KEY = "targets.weights"
NEGATIVE_TYPES_KEY = "targets.negative.event_types"
_MAX_TYPES_SHOWN = 10
# Smallest similarity (difflib) of a type that is proposed in place of an unknown one.
_MIN_SIMILARITY = 0.5


def configured_event_types(data: DataSettings) -> dict[str, tuple[str, ...]]:
    """Returns the event types that the configuration names, by key; without keys that name none.

    >>> from schemas.settings import from_dict
    >>> fields = {"user_id": "u", "item_id": "i", "timestamp": "t", "event_type": "e"}
    >>> log = {"path": "log.csv", "format": "csv", "fields": fields}
    >>> targets = {"weights": {"buy": 2}}
    >>> configured_event_types(from_dict(DataSettings, {"interactions": log, "targets": targets}))
    {'targets.weights': ('buy',)}
    """
    types = {
        "interactions.keep.event_types": data.interactions.keep.event_types,
        "targets.event_types": data.targets.event_types,
        WEIGHTS_KEY: data.targets.weights,
        NEGATIVE_TYPES_KEY: data.targets.negative and data.targets.negative.event_types,
    }
    return {key: tuple(named) for key, named in types.items() if named}


def count_event_types(
    events: SortedEvents, stage: str, is_counted: npt.NDArray[np.bool_] | None = None
) -> Counter[tuple[str, str]]:
    """Returns the number of events by stage and type.

    Args:
      events: Events of some users.
      stage: `LOG_STAGE`, or the split of the events.
      is_counted: [num_events] bool; None to count all events.
    """
    codes = events.codes(EVENT_TYPE)
    present, counts = np.unique(
        codes if is_counted is None else codes[is_counted], return_counts=True
    )
    texts = events.texts(EVENT_TYPE)
    return Counter(
        {
            (stage, texts[code].as_py()): count
            for code, count in zip(present.tolist(), counts.tolist(), strict=True)
        }
    )


def check_event_types(summary: dict[str, Any], data: DataSettings) -> None:
    """Checks that every configured event type occurs in the log, and weighted types in train.

    Args:
      summary: The summary of the ingestion.
      data: The settings of the log and of the targets.

    Raises:
      InputError: A type does not occur. The message has the types that occur, and the nearest one.
    """
    by_stage = _by_stage(summary)
    logged = by_stage[LOG_STAGE]
    if not logged:
        return
    problems = list(_problems(by_stage, data))
    if problems:
        text = "; ".join(problems)
        raise InputError(
            f"{text}{'' if text.endswith('?') else '.'} The {logged.total():,} valid records of "
            f"{data.interactions.place} have these types (column "
            f"{data.interactions.fields.event_type!r}): {_format_counts(logged)}"
        )


def event_type_warnings(summary: dict[str, Any], data: DataSettings) -> Iterator[str]:
    """Yields a text for each configured type that occurs in the log, but not in a kept event."""
    by_stage = _by_stage(summary)
    kept = sum((by_stage[split] for split in WINDOW_SPLITS), Counter[str]())
    for key, types in configured_event_types(data).items():
        for name in types:
            if key != WEIGHTS_KEY and by_stage[LOG_STAGE][name] and not kept[name]:
                yield (
                    f"{key}: all {by_stage[LOG_STAGE][name]:,} valid records of type {name!r} are "
                    "rejected by other rules, so the type has no effect; see the reasons of the "
                    "rejected records, and relax a rule or remove the type"
                )


def _by_stage(summary: dict[str, Any]) -> dict[str, Counter[str]]:
    by_stage: dict[str, Counter[str]] = {stage: Counter() for stage in (LOG_STAGE, *WINDOW_SPLITS)}
    for stage, name, count in summary["event_types"]:
        by_stage[stage][name] += count
    return by_stage


def _problems(by_stage: dict[str, Counter[str]], data: DataSettings) -> Iterator[str]:
    logged, train = by_stage[LOG_STAGE], by_stage[TRAIN_SPLIT]
    for key, types in configured_event_types(data).items():
        for name in types:
            if not logged[name]:
                nearest = _nearest(name, logged)
                hint = f"did you mean {nearest!r}?" if nearest else "correct it or remove it"
                yield f"{key}: no record of the log has the type {name!r}; {hint}"
            elif key == WEIGHTS_KEY and not train[name]:
                yield (
                    f"{key}: {logged[name]:,} records of the log have the type {name!r}, but no "
                    "kept event of split train has it, so its weight has no effect; remove the "
                    "weight, or relax the rules that reject these records"
                )


def _nearest(name: str, types: Iterable[str]) -> str | None:
    """Returns the most similar type; None if none is similar.

    >>> _nearest("add_to_cart", ["view", "addtocart"]), _nearest("View", ["view", "review"])
    ('addtocart', 'view')
    >>> _nearest("purchase", ["view", "addtocart"])
    """
    by_form: dict[str, str] = {}
    for other in types:
        by_form.setdefault(_comparable(other), other)
    close = difflib.get_close_matches(
        _comparable(name), [form for form in by_form if form], n=1, cutoff=_MIN_SIMILARITY
    )
    return by_form[close[0]] if close else None


def _comparable(name: str) -> str:
    """Returns a name without differences in case, punctuation and Unicode form."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


def _format_counts(counts: Counter[str]) -> str:
    """Formats types with their counts, the most frequent first: "'view' (20), 'buy' (3)"."""
    by_count = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    shown = [
        f"{repr(name) if name else 'no type'} ({count:,})"
        for name, count in by_count[:_MAX_TYPES_SHOWN]
    ]
    if len(by_count) > _MAX_TYPES_SHOWN:
        shown.append(f"and {len(by_count) - _MAX_TYPES_SHOWN:,} more")
    return ", ".join(shown)
