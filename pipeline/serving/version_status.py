"""The state of a version, with the names and numbers of TF Serving's ModelService."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """States of tensorflow.serving.ModelVersionStatus."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionStatus:
    """The state of one version.

    Attributes:
      state: Its state.
      error: Why it could not be loaded or warmed up; "" otherwise.
    """

    state: State
    error: str = ""
