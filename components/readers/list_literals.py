"""Lists that are written as text: `["a", "b"]` of JSON, `['a', 'b']` of Python."""

import ast
import json
import re
import warnings
from typing import Any

# The sides of a list, a tuple and a set.
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
# Python joins adjacent strings; NumPy prints lists of texts like this.
_ADJACENT_STRINGS = re.compile(r"\"\s*\"")
_MAX_CHARACTERS = 1 << 20


def parse_list(text: str) -> list[Any] | None:
    """Returns the values of a list that is written as text; None if the text is no list.

    >>> parse_list('["a", "b"]'), parse_list("['a', None]"), parse_list("('a', 1)")
    (['a', 'b'], ['a', None], ['a', 1])
    >>> parse_list("[Live]|Rock"), parse_list("['a' 'b']"), parse_list("[]")
    (None, None, [])
    """
    text = text.strip()
    if not text or _BRACKETS.get(text[0]) != text[-1] or len(text) > _MAX_CHARACTERS:
        return None
    if text[0] == "[":
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return values if isinstance(values, list) else None
    if _ADJACENT_STRINGS.search(_STRING.sub('"', text)):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            literal = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    if isinstance(literal, set):
        return sorted(literal, key=repr)
    return list(literal) if isinstance(literal, list | tuple) else None
