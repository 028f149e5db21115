"""How the texts of columns of lists are written: as lists of JSON or Python, or separated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from components.readers.list_literals import parse_list


class ListForm(str, Enum):
    """How a text of a column of lists is written.

    `LITERAL` is a list of JSON or a list, tuple or set of Python, `BRACKETED` is a text in square
    brackets that is neither, and `PLAIN` is any other text.
    """

    LITERAL = "literal"
    BRACKETED = "bracketed"
    PLAIN = "plain"


def form_of(text: str) -> ListForm:
    """Returns how a text that is not empty is written."""
    if parse_list(text) is not None:
        return ListForm.LITERAL
    text = text.strip()
    return ListForm.BRACKETED if text[:1] == "[" and text[-1:] == "]" else ListForm.PLAIN


@dataclass
class ListForms:
    """How the texts of each column of lists are written.

    Attributes:
      counts: Number of texts by (column, form).
      first: (file, line) of the first text of each (column, form).
    """

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    first: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def add(self, key: tuple[str, str], count: int, place: tuple[str, int]) -> None:
        """Adds texts of one column and form, of which the first one is at `place`."""
        self.counts[key] = self.counts.get(key, 0) + count
        self.first[key] = min(self.first.get(key, place), place)

    def merge(self, other: "ListForms") -> None:
        """Adds the counts of `other`."""
        for key, count in other.counts.items():
            self.add(key, count, other.first[key])

    def to_rows(self) -> list[list[Any]]:
        """Returns JSON values: [column, form, number of texts, file, line]."""
        return [[*key, self.counts[key], *self.first[key]] for key in sorted(self.counts)]


def describe_ambiguous(rows: Iterable[list[Any]], keys: Mapping[str, str]) -> list[str]:
    """Returns a message for each column of which it is not certain how its lists are written.

    Args:
      rows: `ListForms.to_rows`.
      keys: The configuration key of each column that is checked.
    """
    forms: dict[str, dict[str, list[Any]]] = {}
    for column, form, *found in rows:
        if column in keys:
            forms.setdefault(column, {})[form] = found
    return [
        f"{keys[column]}: {message}; set {keys[column]}.list_format: literal (other texts are "
        "rejected) or separated (each text is split at the separator)"
        for column, found in sorted(forms.items())
        if (message := _ambiguity(found))
    ]


def _ambiguity(found: Mapping[str, list[Any]]) -> str:
    literal = found.get(ListForm.LITERAL.value)
    bracketed = found.get(ListForm.BRACKETED.value)
    other = found.get(ListForm.PLAIN.value) or bracketed
    if literal and other:
        return (
            f"{_numbered(literal)} a list of JSON or Python, such as ['a', 'b'], and "
            f"{_numbered(other)} not"
        )
    if bracketed and ListForm.PLAIN.value not in found:
        return (
            f"{_numbered(bracketed)} in square brackets but not a list of JSON or Python (NumPy "
            "prints lists without commas), and there is no other text: write the lists as JSON"
        )
    return ""


def _numbered(found: list[Any]) -> str:
    count, file, line = found
    place = f"{file}, line {line}"
    return f"{count} texts ({place}, …) are each" if count > 1 else f"one text ({place}) is"
