"""Paths with placeholders: `logs/{YYYY}/{MM}/{DD}/*.jsonl.gz`, `export-{SPAN}.csv`.

To list files, a placeholder becomes part of a glob; its value is then parsed from each listed path.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from schemas.errors import InputError

# The unit of a path's ordinals: the ordinal of a day is `datetime.date.toordinal`, that of a span
# is its number.
Unit = Literal["day", "span"]

_DATE = ("YYYY", "MM", "DD")
_SPAN = "SPAN"
_KNOWN = "{YYYY}, {MM} and {DD}, or {SPAN}"
_GLOBS = {"YYYY": "[0-9]" * 4, "MM": "[0-9]" * 2, "DD": "[0-9]" * 2, _SPAN: "*"}
_DIGITS = {"YYYY": "[0-9]{4}", "MM": "[0-9]{2}", "DD": "[0-9]{2}", _SPAN: "[0-9]+"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# The wildcards of Beam's globs (`FileSystem.translate_pattern`). The listing has already matched
# them, so their regular expressions may match more than the globs; they are lazy, so that a
# placeholder matches as many digits as possible.
_WILDCARD = re.compile(r"(\*\*|\*|\?|\[[^\]]+\])")
_WILDCARD_REGEX = {"**": ".*?", "*": "[^/]*?"}


@dataclass(frozen=True)
class PathPattern:
    """One configured path.

    Attributes:
      text: The configured text.
      unit: The unit of its placeholders; None where it has none.
    """

    text: str
    unit: Unit | None

    @property
    def is_glob(self) -> bool:
        """Whether it has wildcards in addition to its placeholders."""
        return any(character in self.text for character in "*?[")

    @property
    def glob(self) -> str:
        """A glob that matches every path of the pattern, and possibly others.

        >>> parse_pattern("export-{SPAN}.csv").glob
        'export-*.csv'
        """
        return _PLACEHOLDER.sub(lambda match: _GLOBS[match[1]], self.text)

    def ordinal(self, path: str) -> int | None:
        """Parses the day or the span of a path that matches the glob.

        >>> parse_pattern("export-{SPAN}.csv").ordinal("export-0017.csv")
        17
        >>> day = parse_pattern("{YYYY}/{MM}/{DD}/*.csv").ordinal("2024/05/01/a.csv")
        >>> date.fromordinal(day)
        datetime.date(2024, 5, 1)

        Returns:
          The ordinal of the day or the number of the span; None where the path has none, or a
          date that does not exist.
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
    """Parses one configured path.

    Raises:
      InputError: The path has an unknown placeholder, an incomplete date, or both a date and a
        span.
    """
    names = set(_PLACEHOLDER.findall(text))
    unknown = sorted(names - {*_DATE, _SPAN})
    if unknown:
        raise InputError(f"{text}: unknown placeholder {{{unknown[0]}}}; known are {_KNOWN}")
    if _SPAN in names and len(names) > 1:
        raise InputError(f"{text}: has both a date and a {{SPAN}}; use one of them")
    missing = [part for part in _DATE if part not in names]
    if names and _SPAN not in names and missing:
        raise InputError(
            f"{text}: a date needs {{YYYY}}, {{MM}} and {{DD}}, but {{{missing[0]}}} is missing; "
            "use * for parts that do not matter"
        )
    if not names:
        return PathPattern(text, None)
    return PathPattern(text, "span" if _SPAN in names else "day")


def _regex(text: str) -> str:
    """The pattern with its placeholders as named groups; repeated ones must be equal."""
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
        _WILDCARD_REGEX.get(part, ".") if index % 2 else re.escape(part)
        for index, part in enumerate(_WILDCARD.split(text))
    )
