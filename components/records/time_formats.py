"""Formats of times in text, in the notation of `strptime`, applied to whole columns.

The format becomes a regular expression, so that names of months and days are English in every
locale, and a text matches as a whole or not at all.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.events import MICROSECONDS_PER_SECOND

# Formats that have a name of their own.
NAMED_FORMATS = {
    "apache": "%d/%b/%Y:%H:%M:%S %z",
    "ctime": "%a %b %d %H:%M:%S %Y",
    "rfc2822": "%a, %d %b %Y %H:%M:%S %z",
    "twitter": "%a %b %d %H:%M:%S %z %Y",
}
_SHORT_FORMS = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y", "e": "%d"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = (
    "mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)
# Digits of a number next to another number, and of one between other characters.
_DIGITS = {
    "Y": ("[0-9]{4}", "[0-9]{4}"),
    "j": ("[0-9]{3}", "[0-9]{1,3}"),
    "f": ("[0-9]{1,9}", "[0-9]{1,9}"),
    **dict.fromkeys("ymdHIMS", ("[0-9]{2}", "[0-9]{1,2}")),
}
_TEXTS = {
    "b": _MONTH,
    "p": "[ap]\\.?m\\.?",
    "z": "z|utc|gmt|[+-][0-9]{2}(?::?[0-9]{2})?",
}
_IGNORED = {"a": _WEEKDAY, "Z": "utc|gmt|z"}
_SAME = {"B": "b", "h": "b", "A": "a"}
_KNOWN = "%" + ", %".join(sorted({*_DIGITS, *_TEXTS, *_IGNORED, *_SAME, *_SHORT_FORMS}))
# POSIX: two-digit years from 69 on are in the twentieth century.
_FIRST_YEAR_OF_1900 = 69
_EXAMPLE = datetime(2024, 5, 31, 18, 30, 5, tzinfo=timezone.utc)


@dataclass(frozen=True)
class TimeFormat:
    """A format of times in text.

    Attributes:
      text: The format, in the notation of `strptime`.
      pattern: The regular expression, with one named group for each directive that counts.
      groups: The directives of the groups, in their order.
    """

    text: str
    pattern: str
    groups: tuple[str, ...]

    @property
    def example(self) -> str:
        """A time in this format."""
        return _EXAMPLE.strftime(self.text)

    def matches(self, text: str) -> bool:
        """Returns whether a text has this form; it may still be no time, such as 31 April."""
        return re.fullmatch(self.pattern, text, re.IGNORECASE) is not None

    def parse(self, texts: pa.StringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Parses a column of trimmed texts.

        Args:
          texts: [num_rows], null where missing.

        Returns:
          [num_rows] microseconds since the epoch, UTC, and a [num_rows] bool mask of the rows that
          match the format and are a time. A time without a zone is UTC.
        """
        matched = pc.extract_regex(texts, f"(?i)^(?:{self.pattern})$")
        is_valid = matched.is_valid().to_numpy(zero_copy_only=False)
        columns = {name: pc.struct_field(matched, [at]) for at, name in enumerate(self.groups)}
        numbers = {name: _integers(name, column) for name, column in columns.items()}
        return _microseconds(numbers, is_valid)


@lru_cache(maxsize=1024)
def time_format(text: str) -> TimeFormat:
    """Returns the format that a text describes: a name of NAMED_FORMATS, or directives.

    >>> texts = pa.array(["1/12/2010 8:26", "13/40/2010 8:26", None])
    >>> times_us, is_valid = time_format("%d/%m/%Y %H:%M").parse(texts)
    >>> datetime.fromtimestamp(times_us[0] / 1e6, timezone.utc).isoformat()
    '2010-12-01T08:26:00+00:00'
    >>> is_valid.tolist()
    [True, False, False]

    Raises:
      ValueError: A directive is unknown or repeated, or the year or another part is missing.
    """
    expanded = NAMED_FORMATS.get(text, text)
    for letter, longer in _SHORT_FORMS.items():
        expanded = re.sub(rf"(?<!%)((?:%%)*)%{letter}", rf"\g<1>{longer}", expanded)
    tokens = re.findall(r"%.|%$|\s+|[^%\s]+", expanded, re.DOTALL)
    pattern, groups = "", []
    for at, token in enumerate(tokens):
        if not token.startswith("%"):
            pattern += r"\s+" if token.isspace() else re.escape(token)
            continue
        letter = _SAME.get(token[1:], token[1:])
        neighbours = (*tokens[max(at - 1, 0) : at], *tokens[at + 1 : at + 2])
        is_adjacent = any(other[:1] == "%" and other[1:] in _DIGITS for other in neighbours)
        pattern += _directive(text, letter, is_adjacent)
        if letter in _DIGITS or letter in _TEXTS:
            groups.append(letter)
    _check(text, groups)
    return TimeFormat(expanded, pattern, tuple(groups))


def _directive(text: str, letter: str, is_adjacent: bool) -> str:
    """Returns the regular expression of one directive."""
    if letter == "%":
        return "%"
    if letter in _DIGITS:
        return f"(?P<{letter}>{_DIGITS[letter][0 if is_adjacent else 1]})"
    if letter in _TEXTS:
        return f"(?P<{letter}>{_TEXTS[letter]})"
    if letter in _IGNORED:
        return f"(?:{_IGNORED[letter]})"
    raise ValueError(f"{text!r}: the directive %{letter} is not known (known: {_KNOWN})")


def _check(text: str, groups: list[str]) -> None:
    if not groups:
        names = ", ".join(NAMED_FORMATS)
        raise ValueError(
            f"{text!r} is neither a name ({names}) nor a format of strptime, such as %d/%m/%Y %H:%M"
        )
    for one, other in (("Y", "y"), ("m", "b"), ("H", "I"), ("j", "m"), ("j", "b"), ("j", "d")):
        if one in groups and other in groups:
            raise ValueError(f"{text!r}: %{one} and %{other} say the same; remove one of them")
    if repeated := sorted({group for group in groups if groups.count(group) > 1}):
        raise ValueError(f"{text!r}: %{repeated[0]} occurs twice; remove one of them")
    if not {"Y", "y"} & {*groups}:
        raise ValueError(f"{text!r}: the year is missing (%Y or %y)")
    if ("I" in groups) != ("p" in groups):
        raise ValueError(f"{text!r}: %I (hours to 12) and %p (AM or PM) require each other")
    _check_no_gap(text, {*groups})


def _check_no_gap(text: str, groups: set[str]) -> None:
    """Checks that no unit of time is missing between two that are given."""
    parts = ({"m", "b", "j"}, {"d", "j"}, {"H", "I"}, {"M"}, {"S"}, {"f"})
    names = ("month (%m or %b)", "day (%d)", "hour (%H)", "minute (%M)", "second (%S)")
    for name, part, smaller in zip(names, parts, parts[1:], strict=False):
        if not part & groups and any(later & groups for later in parts[parts.index(smaller) :]):
            raise ValueError(f"{text!r}: the {name} is missing")


def _integers(name: str, column: pa.StringArray) -> npt.NDArray[np.int64]:
    """Returns the values of one directive; 0 in rows without it."""
    if name == "f":
        column = pc.utf8_slice_codeunits(pc.utf8_rpad(column, 6, "0"), 0, 6)
    elif name == "b":
        lower = pc.utf8_slice_codeunits(pc.ascii_lower(column), 0, 3)
        month = pc.index_in(lower, value_set=pa.array(_MONTHS))
        return month.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    elif name == "p":
        is_pm = pc.starts_with(pc.ascii_lower(column), "p").fill_null(False)
        return is_pm.to_numpy(zero_copy_only=False).astype(np.int64)
    elif name == "z":
        return _offset_minutes(column)
    return column.fill_null("0").cast(pa.int64()).to_numpy()


def _offset_minutes(column: pa.StringArray) -> npt.NDArray[np.int64]:
    """Returns the minutes by which zones are ahead of UTC."""
    digits = pc.replace_substring_regex(column.fill_null(""), "[^0-9]", "")
    number = pc.utf8_rpad(digits, 4, "0").cast(pa.int64()).to_numpy()
    is_behind = pc.starts_with(column, "-").fill_null(False).to_numpy(zero_copy_only=False)
    minutes = number // 100 * 60 + number % 100
    return np.where(is_behind, -minutes, minutes)


def _microseconds(
    numbers: dict[str, npt.NDArray[np.int64]], is_valid: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Returns times in microseconds and the mask of the valid ones, from the directives' values."""

    def number(name: str, default: int = 0) -> npt.NDArray[np.int64]:
        return (
            np.where(is_valid, numbers[name], default)
            if name in numbers
            else (np.full(len(is_valid), default, np.int64))
        )

    if "y" in numbers:
        short = number("y", 70)
        year = short + np.where(short < _FIRST_YEAR_OF_1900, 2000, 1900)
    else:
        year = number("Y", 1970)
    month = number("b", 1) if "b" in numbers else number("m", 1)
    hour = number("I", 12) % 12 + 12 * number("p") if "I" in numbers else number("H")
    is_month = (month >= 1) & (month <= 12)
    months = ((year - 1970) * 12 + np.where(is_month, month, 1) - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    next_first = (months + 1).astype("datetime64[D]").astype(np.int64)
    day = number("j", 1) if "j" in numbers else number("d", 1)
    num_days = np.where(year % 4 == 0, 366, 365) if "j" in numbers else next_first - first
    if "j" in numbers:
        is_common = (year % 100 == 0) & (year % 400 != 0)
        num_days = np.where(is_common, 365, num_days)
    is_time = (
        is_month
        & (year >= 1)
        & (day >= 1)
        & (day <= num_days)
        & (hour < 24)
        & (number("I", 12) >= 1)
        & (number("I", 12) <= 12)
        & (number("M") < 60)
        & (number("S") < 60)
        & (np.abs(number("z")) < 24 * 60)
    )
    minutes = ((first + day - 1) * 24 + hour) * 60 + number("M") - number("z")
    times_us = (minutes * 60 + number("S")) * MICROSECONDS_PER_SECOND + number("f")
    return times_us, is_valid & is_time
