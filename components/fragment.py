"""What a step says of itself: a JSON fragment beside its payload, gathered by RunReporter.

A fragment lies inside an artifact, so a step answered from TFX's cache still speaks.
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
    """The fragment in the artifact folder `uri`, or None where the step wrote none there."""
    path = os.path.join(uri, FRAGMENT_FILE)
    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path, "r") as file:
        return json.loads(file.read())
