"""Former names of configuration keys and values, which are accepted for one more release."""

import logging
from dataclasses import dataclass
from typing import Any

from schemas.errors import InputError

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FormerKey:
    """A renamed key of a section, whose name is dotted if it is inside another one."""

    section: str
    former: str
    current: str


@dataclass(frozen=True)
class FormerValue:
    """A renamed value of a key."""

    section: str
    key: str
    former: str
    current: str


FORMER_KEYS = (
    FormerKey("interactions", "refuse", "reject"),
    FormerKey("push", "exact_dir", "portable_dir"),
    FormerKey("evaluation.gates", "beats", "better_than"),
)
FORMER_VALUES = tuple(
    FormerValue(section, "damaged_files", "refuse", "reject")
    for section in ("interactions", "items", "users")
)


def replace_former_names(values: dict[str, Any], path: str) -> None:
    """Replaces former names by current names in place, and logs a warning for each.

    Args:
      values: Plain values of a configuration.
      path: The configuration file, for messages.

    Raises:
      InputError: A key is given under both its former and its current name.
    """
    for key in FORMER_KEYS:
        section = _section(values, key.section)
        # The record of a run contains all keys; one without a value has no effect.
        if isinstance(section, dict) and section.get(key.former, 0) is None:
            del section[key.former]
        if isinstance(section, dict) and key.former in section:
            name = f"{key.section}.{key.current}"
            if key.current in section:
                raise InputError(
                    f"{path}: {key.section}.{key.former} is the former name of {name}, and both "
                    f"are given; remove {key.section}.{key.former}"
                )
            section[key.current] = section.pop(key.former)
            _warn(path, f"{key.section}.{key.former} is renamed to {name}")
    for value in FORMER_VALUES:
        section = values.get(value.section)
        if isinstance(section, dict) and section.get(value.key) == value.former:
            section[value.key] = value.current
            name = f"{value.section}.{value.key}"
            _warn(path, f"{name}: {value.former} is renamed to {name}: {value.current}")


def _section(values: dict[str, Any], name: str) -> Any:
    """Returns the values of a section; None if it is not given."""
    section: Any = values
    for part in name.split("."):
        section = section.get(part) if isinstance(section, dict) else None
    return section


def _warn(path: str, change: str) -> None:
    _logger.warning(
        "%s: %s; the former name is deprecated and will be rejected in the next release",
        path,
        change,
    )
