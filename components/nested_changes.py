"""The values that differ between two nested JSON objects, by their dotted keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """A value that differs between two objects.

    Attributes:
      key: Its dotted key.
      a: Its value in the first object; None also if that does not have the key.
      b: Its value in the second object; None also if that does not have the key.
    """

    key: str
    a: Any
    b: Any


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """Returns the differences between two nested objects, in the order of their keys.

    A key that one of them does not have is the same as null.

    >>> changes({"model": {"dim": 32}, "name": "shop"}, {"model": {"dim": 64}, "name": "shop"})
    [Change(key='model.dim', a=32, b=64)]
    """
    before, after = dict(_leaves(a)), dict(_leaves(b))
    return [
        Change(key, before.get(key), after.get(key))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the dotted keys of the values that are not objects; an empty object is a value."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
