"""The software versions and the number of cores that a benchmark writes next to its results."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any


def environment(packages: Iterable[str]) -> dict[str, Any]:
    """Returns the versions of Python and of the given packages, and the number of cores."""
    return {
        "versions": {name: version(name) for name in packages},
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
