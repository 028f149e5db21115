"""Scalars, flow collections and comments of YAML."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.readers.formats.dialect import yaml_text

_PLAIN = re.compile(r"(?:\.{0,2}/)?[A-Za-z_][A-Za-z0-9_./%-]*")
# Plain words that YAML reads as something other than text.
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "none", "y", "n"})
_WIDTH = 100


def comment_lines(text: str, first: str = "# ", then: str = "# ") -> Iterator[str]:
    """Yields a text as lines of a comment."""
    line = first
    for word in printable(text).split():
        if len(line) + len(word) > _WIDTH and line.strip() != first.strip():
            yield line.rstrip()
            line = then
        line += word + " "
    yield line.rstrip()


def printable(text: str) -> str:
    """Returns a text in which characters that comments and terminals misread are escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def with_comment(line: str, comment: str, indent: str) -> Iterator[str]:
    """Yields a line with a comment after it, or above it if both are too long for one line."""
    comment = printable(comment)
    if len(line) + len(comment) + 4 <= _WIDTH:
        yield f"{line}  # {comment}"
    else:
        yield from comment_lines(comment, f"{indent}# ", f"{indent}# ")
        yield line


def text_of(value: str) -> str:
    """Returns a text as a YAML scalar, also within brackets.

    >>> print(text_of("user id"), text_of("sku"), text_of("no"), text_of("2024"))
    "user id" sku "no" "2024"
    """
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else yaml_text(value)


def flow(values: Mapping[str, Any]) -> str:
    """Returns a mapping as YAML in one line."""
    entries = ", ".join(f"{text_of(key)}: {value_of(each)}" for key, each in values.items())
    return f"{{{entries}}}"


def value_of(value: Any) -> str:
    """Returns a text, a number or a list of them as YAML in one line."""
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(value_of(each) for each in value) + "]"
    return str(value)
