"""Durations on the command line."""

import re

from schemas.errors import InputError
from schemas.events import SECONDS_PER_DAY

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": SECONDS_PER_DAY}
_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhd])")


def parse_window(text: str) -> int:
    """Returns a duration in seconds.

    >>> parse_window("90m"), parse_window("1d")
    (5400, 86400)

    Raises:
      InputError: The text is no duration.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InputError(
            f"--window {text}: expected a number and a unit: s, m, h or d, such as 30m or 1d"
        )
    return int(match[1]) * _SECONDS[match[2]]
