"""Reads and writes the report fragments of the steps: `fragment.json`, gathered by RunReporter.

A fragment is stored inside an artifact of its step, so it is also available for a step whose
outputs come from TFX's cache.
"""

import json
import os
from typing import Any

from components import files

FRAGMENT_FILE = "fragment.json"


def write_fragment(uri: str, step: str, content: dict[str, Any]) -> None:
    """Writes the fragment of a step to one of its artifacts.

    Args:
      uri: The artifact's folder, local or remote.
      step: The step's name (`schemas.steps`), written as `component`.
      content: JSON values.
    """
    fragment = {"component": step, **content}
    text = json.dumps(fragment, indent=1, sort_keys=True, allow_nan=False)
    files.make_folder(uri)
    files.write_text(os.path.join(uri, FRAGMENT_FILE), text)


def read_fragment(uri: str) -> dict[str, Any] | None:
    """Reads the fragment from the artifact folder `uri`; None if there is no fragment."""
    path = os.path.join(uri, FRAGMENT_FILE)
    if not files.exists(path):
        return None
    fragment: dict[str, Any] = json.loads(files.read_text(path))
    return fragment
