"""Whether and how a page is opened in the browser of the user."""

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

# Services for continuous integration set this variable, some of them with a pseudo-terminal.
_CI = "CI"
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def has_browser(
    stream: TextIO, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> bool:
    """Returns whether a person with a display reads a stream, to whom a page can be opened.

    Args:
      stream: The stream of the results.
      environment: The environment variables.
      platform: The name of the system, as `sys.platform`.
    """
    if not stream.isatty() or environment.get(_CI):
        return False
    is_linux = platform not in ("darwin", "win32")
    return not is_linux or any(environment.get(name) for name in _DISPLAYS)


def open_page(path: str) -> bool:
    """Opens a local page in the browser, and returns whether a browser was found.

    The environment variable BROWSER selects it (https://docs.python.org/3/library/webbrowser.html).
    """
    return webbrowser.open(Path(path).resolve().as_uri())
