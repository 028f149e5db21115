"""Paths with placeholders: `logs/{YYYY}/{MM}/{DD}/*.jsonl.gz`, `export-{SPAN}.csv`.

A placeholder becomes part of a glob to list files by, and is read back from each path found.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from schemas.errors import InputError

# What the placeholders of a path count: its places are then a day's ordinal
# (`datetime.date.toordinal`), or a span's number.
Unit = Literal["day", "span"]

_DATE = ("YYYY", "MM", "DD")
_SPAN = "SPAN"
_KNOWN = "{YYYY}, {MM} and {DD}, or {SPAN}"
_GLOBS = {"YYYY": "[0-9]" * 4, "MM": "[0-9]" * 2, "DD": "[0-9]" * 2, _SPAN: "*"}
_DIGITS = {"YYYY": "[0-9]{4}", "MM": "[0-9]{2}", "DD": "[0-9]{2}", _SPAN: "[0-9]+"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# As Beam's globs go (`FileSystem.translate_pattern`). The listing has matched them already: here
# they need only leave the placeholders where they are, which take the more digits.
_GLOB_SIGN = re.compile(r"(\*\*|\*|\?|\[[^\]]+\])")
_GLOB_REGEX = {"**": ".*?", "*": "[^/]*?"}


@dataclass(frozen=True)
class PathPattern:
    """One configured path.

    Attributes:
      text: As it is configured.
      unit: What its placeholders count; None where it has none.
    """

    text: str
    unit: Unit | None

    @property
    def is_glob(self) -> bool:
        """Whether it has wildcards beside its placeholders."""
        return any(character in self.text for character in "*?[")

    @property
    def glob(self) -> str:
        """A glob that matches every path the pattern stands for, and possibly others."""
        return _PLACEHOLDER.sub(lambda found: _GLOBS[found[1]], self.text)

    def place(self, path: str) -> int | None:
        """The day or the span that a path, matched by the glob, stands for.

        Returns:
          A day's ordinal, or a span's number; None where the path has no such date.
        """
        match = re.fullmatch(_regex(self.text), path, re.DOTALL)
        if match is None or self.unit is None:
            return None
        if self.unit == "span":
            return int(match[_SPAN])
        try:
            return date(*(int(match[part]) for part in _DATE)).toordinal()
        except ValueError:
            return None


def parse_pattern(text: str) -> PathPattern:
    """Reads one configured path.

    Raises:
      InputError: It has an unknown placeholder, a part of a date alone, or a date and a span.
    """
    names = set(_PLACEHOLDER.findall(text))
    unknown = sorted(names - {*_DATE, _SPAN})
    if unknown:
        raise InputError(f"{text}: unknown placeholder {{{unknown[0]}}}; known are {_KNOWN}")
    if _SPAN in names and len(names) > 1:
        raise InputError(f"{text}: has a date and a {{SPAN}}; a path is counted by one of them")
    absent = [part for part in _DATE if part not in names]
    if names and _SPAN not in names and absent:
        raise InputError(
            f"{text}: a date needs {{YYYY}}, {{MM}} and {{DD}}, and {{{absent[0]}}} is absent; "
            "put * for parts that do not matter"
        )
    if not names:
        return PathPattern(text, None)
    return PathPattern(text, "span" if _SPAN in names else "day")


def _regex(text: str) -> str:
    """The pattern with its placeholders as named groups; repeated ones must agree."""
    parts, seen = [], set[str]()
    for index, part in enumerate(_PLACEHOLDER.split(text)):
        if index % 2 == 0:
            parts.append(_glob_regex(part))
        elif part in seen:
            parts.append(f"(?P={part})")
        else:
            seen.add(part)
            parts.append(f"(?P<{part}>{_DIGITS[part]})")
    return "".join(parts)


def _glob_regex(text: str) -> str:
    return "".join(
        _GLOB_REGEX.get(part, ".") if index % 2 else re.escape(part)
        for index, part in enumerate(_GLOB_SIGN.split(text))
    )
