"""Former names of configuration keys and values, which still work for one release."""

import logging
from dataclasses import dataclass
from typing import Any

from schemas.errors import InputError

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FormerKey:
    """A key of a section that has been renamed."""

    section: str
    former: str
    current: str


@dataclass(frozen=True)
class FormerValue:
    """A value of a key that has been renamed."""

    section: str
    key: str
    former: str
    current: str


FORMER_KEYS = (FormerKey("interactions", "refuse", "reject"),)
FORMER_VALUES = tuple(
    FormerValue(section, "damaged_files", "refuse", "reject")
    for section in ("interactions", "items", "users")
)


def replace_former_names(values: dict[str, Any], path: str) -> None:
    """Replaces former names by current ones, in place, and logs a warning for each.

    Args:
      values: The plain values of a configuration.
      path: Where they come from, for the messages.

    Raises:
      InputError: A key is given under its former and its current name.
    """
    for key in FORMER_KEYS:
        section = values.get(key.section)
        if isinstance(section, dict) and key.former in section:
            name = f"{key.section}.{key.current}"
            if key.current in section:
                raise InputError(
                    f"{path}: {key.section}.{key.former} is the former name of {name}, and both "
                    f"are given; keep {name}"
                )
            section[key.current] = section.pop(key.former)
            _warn(path, f"{key.section}.{key.former} is now called {name}")
    for value in FORMER_VALUES:
        section = values.get(value.section)
        if isinstance(section, dict) and section.get(value.key) == value.former:
            section[value.key] = value.current
            name = f"{value.section}.{value.key}"
            _warn(path, f"{name}: {value.former} is now written {name}: {value.current}")


def _warn(path: str, change: str) -> None:
    _logger.warning(
        "%s: %s; the former name works in this release and will be an error in the next",
        path,
        change,
    )
