"""The size, seed and period of a demo world."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

GENERATOR_VERSION = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()[:8]
"""Of the generator's source: an edited generator writes its files anew."""

DAY_MS = 86_400_000
END_MS = 1_719_705_600_000
"""2024-06-30T00:00:00Z: every clean event is earlier."""


@dataclass(frozen=True)
class WorldSettings:
    """What distinguishes one demo world from another.

    Attributes:
        seed: root of every random stream.
        num_users: readers that may appear in the log.
        num_items: books in the catalogue.
        num_days: days of log before `END_MS`.

    Raises:
        ValueError: if a size is too small for the world to have its parts.
    """

    seed: int = 7
    num_users: int = 3_000
    num_items: int = 2_000
    num_days: int = 180

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("num_users", 2), ("num_items", 50), ("num_days", 10)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} is {value}, expected at least {least}: raise it")

    @property
    def start_ms(self) -> int:
        """First instant of the log, in epoch milliseconds."""
        return END_MS - self.num_days * DAY_MS

    def rng(self, stream: str) -> np.random.Generator:
        """Returns the generator of one named stream, so that streams do not disturb each other."""
        return np.random.default_rng([self.seed, *stream.encode()])

    def as_dict(self) -> dict[str, Any]:
        """Returns the settings as JSON-ready values."""
        return asdict(self)
