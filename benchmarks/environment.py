"""What a measurement ran on: stands beside its numbers, in every JSON."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any


def environment(packages: Iterable[str]) -> dict[str, Any]:
    """The versions of Python and of the named packages, and how many cores there are."""
    return {
        "versions": {name: version(name) for name in packages},
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
