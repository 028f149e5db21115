"""Error messages for invalid configurations, from the errors of pydantic."""

import dataclasses
import difflib
import re
import types
import typing
from typing import Any

from pydantic import ValidationError

from schemas.settings import Settings

_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
_ONE_OF = ("enum", "literal_error")
# The end of the message for a missing key.
_WHY_REQUIRED = {
    "interactions.fields.timestamp": (
        ": the order of events makes the history before each target, and their times separate "
        "train, eval and test. Give the column of the time; a list of columns if date and time are "
        "separate; a column that counts the events; or, if the log has no time but the rows of "
        "each user are in order, row_order (with split.policy: leave_one_out)"
    )
}
_QUOTED = re.compile(r"'([^']*)'")


def explain(error: ValidationError) -> str:
    """Returns the problems, e.g. `interactions.feilds: unknown key; did you mean 'fields'?`."""
    # A misspelt key causes a missing one too, so unknown keys are listed first.
    problems = sorted(error.errors(), key=lambda problem: problem["type"] not in _UNKNOWN)
    return "; ".join(dict.fromkeys(map(_sentence, _without_alternatives(problems))))


def _without_alternatives(problems: list[Any]) -> list[Any]:
    """Removes problems of the other type of a key that may be a text or a list of texts."""
    texts = {_key(problem) for problem in problems if problem["type"] == "string_type"}
    return [
        problem
        for problem in problems
        if not (problem["type"] == "tuple_type" and _key(problem) in texts)
        and not (
            isinstance(problem["input"], list | tuple)
            and problem["type"] == "string_type"
            and any(text.startswith(f"{_key(problem)}.") for text in texts)
        )
    ]


def _key(problem: Any) -> str:
    parts = [str(part) for part in problem["loc"] if not _is_union_tag(part)]
    return ".".join(parts) or "configuration"


def _sentence(problem: Any) -> str:
    location = [part for part in problem["loc"] if not _is_union_tag(part)]
    key = _key(problem)
    if problem["type"] in _UNKNOWN:
        return f"{key}: unknown key{_nearest(location)}"
    if problem["type"] == "missing":
        return f"{key}: this key is required{_WHY_REQUIRED.get(key, '')}"
    if problem["type"] == "string_pattern_mismatch":
        return f"{key}: use lower-case letters, digits and hyphens, got {_shown(problem['input'])}"
    if problem["type"] == "string_type":
        return f"{key}: {_unquoted(problem['input'])}"
    if problem["type"] in _ONE_OF:
        return f"{key}: {_choice(problem)}"
    if problem["type"] == "tuple_type":
        return f"{key}: write a list{_as_list(problem['input'])}, got {_shown(problem['input'])}"
    if problem["type"] == "dict_type":
        return f"{key}: write a mapping of names to values, got {_shown(problem['input'])}"
    if problem["type"] == "dataclass_type":
        keys = ", ".join(_keys_at(location))
        return f"{key}: write a mapping with keys of {{{keys}}}, got {_shown(problem['input'])}"
    return f"{key}: {problem['msg'].lower()}, got {_shown(problem['input'])}"


def _unquoted(value: object) -> str:
    """Returns the message for a value that is not text although text is meant."""
    if isinstance(value, bool):
        return (
            f"YAML reads an unquoted yes, no, on, off, true or false as {str(value).lower()}, and "
            "text is expected: quote it as it is meant, e.g. 'yes'"
        )
    if isinstance(value, int | float):
        return (
            f"YAML reads an unquoted {value} as a number, and text is expected: quote it: '{value}'"
        )
    if value is None:
        return "is empty or null, and text is expected: give a value, or quote it: 'null'"
    return f"write text, got {_shown(value)}"


def _as_list(value: object) -> str:
    """Returns an example of a list: the given value in brackets, if it is a single value."""
    return f": [{value}]" if isinstance(value, str | int | float) else ", e.g. [a, b]"


def _choice(problem: Any) -> str:
    """Returns the message for a value or a key that is not one of a fixed set."""
    known = _QUOTED.findall(problem["ctx"]["expected"])
    close = difflib.get_close_matches(str(problem["input"]), known, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{_shown(problem['input'])} is not known{hint} (known: {', '.join(known)})"


def _is_union_tag(part: object) -> bool:
    """Whether a part of the path is the type that pydantic adds for a union, not a key."""
    return isinstance(part, str) and (part in ("str", "float", "constrained-str") or "[" in part)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _nearest(location: list[Any]) -> str:
    valid = _keys_at(location[:-1])
    if not valid:
        return ""
    close = difflib.get_close_matches(str(location[-1]), valid, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint} (valid keys: {', '.join(sorted(valid))})"


def _keys_at(path: list[Any]) -> list[str]:
    """Returns the valid keys of the section at a path of keys."""
    current: Any = Settings
    for part in path:
        current = _dataclass_in(_field_type(current, part))
        if current is None:
            return []
    return [field.name for field in dataclasses.fields(current)]


def _field_type(cls: Any, name: str) -> Any:
    if not dataclasses.is_dataclass(cls):
        return None
    return typing.get_type_hints(cls).get(name, cls)


def _dataclass_in(annotation: Any) -> Any:
    """Returns the settings dataclass in an annotation such as `X | None` or `dict[str, X]`."""
    if dataclasses.is_dataclass(annotation):
        return annotation
    for argument in typing.get_args(annotation):
        if not isinstance(argument, types.EllipsisType) and (found := _dataclass_in(argument)):
            return found
    return None
