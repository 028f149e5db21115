"""The sizes, the seed and the period of the demo log."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

GENERATOR_VERSION = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()[:8]
"""Hash of the source of this package, so that an edited generator rewrites its files."""

DAY_MS = 86_400_000
END_MS = 1_719_705_600_000
"""2024-06-30T00:00:00Z, the end of the log, in milliseconds since the epoch."""


@dataclass(frozen=True)
class DemoSettings:
    """Settings of the demo log.

    Attributes:
      seed: Seed of every random stream.
      num_users: Number of users in the users file; a user need not occur in the log.
      num_items: Number of books in the catalogue.
      num_days: Length of the log before `END_MS`, in days.

    Raises:
      ValueError: A value is too small.
    """

    seed: int = 7
    num_users: int = 3_000
    num_items: int = 2_000
    num_days: int = 180

    def __post_init__(self) -> None:
        for name, minimum in (("seed", 0), ("num_users", 2), ("num_items", 50), ("num_days", 10)):
            value = getattr(self, name)
            if value < minimum:
                raise ValueError(f"{name} is {value}, expected at least {minimum}: increase it")

    @property
    def start_ms(self) -> int:
        """The start of the log, in milliseconds since the epoch, UTC."""
        return END_MS - self.num_days * DAY_MS

    def rng(self, stream: str) -> np.random.Generator:
        """Returns a random generator for a named stream; streams are independent of each other."""
        return np.random.default_rng([self.seed, *stream.encode()])

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings as JSON values."""
        return asdict(self)
