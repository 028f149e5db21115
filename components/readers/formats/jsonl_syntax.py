"""Lines of JSON or of Python literals, and explanations of files that have neither."""

import ast
import json
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from schemas.source_settings import LineSyntax

# Parses a line to (the object or None, the problem or ""); a blank line has neither.
ParseLine = Callable[[bytes], tuple[dict[str, Any] | None, str]]


def parser_of(syntax: LineSyntax) -> ParseLine:
    """Returns the function that parses one line."""
    return parse_python if syntax == "python" else parse_json


def parse_json(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """Parses one line of JSON (RFC 8259)."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, f"not JSON: {error}" if line.strip() else ""
    return _object(value, "JSON")


def parse_python(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """Parses one line that is a literal dict of Python, such as `{'user': 'u1', 'new': True}`."""
    if not line.strip():
        return None, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(line.decode().strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        return None, f"not a Python literal: {error}"
    return _object(value, "Python")


def _object(value: Any, language: str) -> tuple[dict[str, Any] | None, str]:
    if not isinstance(value, dict):
        return None, f"a {language} {type(value).__name__}, expected an object"
    if not all(isinstance(key, str) for key in value):
        return None, f"a {language} dict whose keys are not all texts"
    return value, ""


def _is_json_with_nan(line: bytes) -> bool:
    """Returns whether a line is an object as Python's `json` writes it, with NaN or Infinity."""
    try:
        return isinstance(json.loads(line), dict) and parse_json(line)[0] is None
    except (ValueError, RecursionError):
        return False


def explain_lines(lines: Sequence[bytes], syntax: LineSyntax) -> str:
    """Returns what a file is whose first lines are not in the configured syntax; "" if unknown.

    Args:
      lines: The first lines of the file.
      syntax: The configured syntax.
    """
    lines = [line for line in lines if line.strip()]
    parse = parser_of(syntax)
    is_array = bool(lines) and lines[0].strip() == b"["
    if not lines or (not is_array and any(parse(line)[0] is not None for line in lines)):
        return ""
    if (
        syntax == "json"
        and not is_array
        and any(parse_python(line)[0] is not None for line in lines)
    ):
        return "its lines are dicts of Python, not objects of JSON: set jsonl.syntax: python"
    if (
        syntax == "python"
        and not is_array
        and any(parse_json(line)[0] is not None for line in lines)
    ):
        return "its lines are objects of JSON, not dicts of Python: remove jsonl.syntax"
    if syntax == "json" and not is_array and any(map(_is_json_with_nan, lines)):
        return (
            "its lines contain NaN or Infinity, which JSON does not have (RFC 8259): write null in "
            "their place"
        )
    first = lines[0].strip()
    if first.startswith((b"[", b"{")):
        values = ".[]" if first.startswith(b"[") else "."
        return (
            "it is one JSON document, or one with line breaks inside its records, but each line "
            f"must be one object: convert it (jq -c '{values}')"
        )
    return ""
