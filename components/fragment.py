"""Reads and writes the report fragments of the steps: `fragment.json`, gathered by RunReporter.

A fragment is stored inside an artifact of its step, so it is also available for a step whose
outputs come from TFX's cache.
"""

import json
import os
from typing import Any

import tensorflow as tf

FRAGMENT_FILE = "fragment.json"


def write_fragment(uri: str, step: str, content: dict[str, Any]) -> None:
    """Writes the fragment of a step to one of its artifacts.

    Args:
      uri: The artifact's folder, local or remote.
      step: The step's name (`schemas.steps`), written as `component`.
      content: JSON values.
    """
    fragment = {"component": step, **content}
    tf.io.gfile.makedirs(uri)
    with tf.io.gfile.GFile(os.path.join(uri, FRAGMENT_FILE), "w") as file:
        file.write(json.dumps(fragment, indent=1, sort_keys=True, allow_nan=False))


def read_fragment(uri: str) -> dict[str, Any] | None:
    """Reads the fragment from the artifact folder `uri`; None if there is no fragment."""
    path = os.path.join(uri, FRAGMENT_FILE)
    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path, "r") as file:
        fragment: dict[str, Any] = json.loads(file.read())
    return fragment
