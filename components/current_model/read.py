"""What serves now, as the steps that compare with it read it: `current.json` of CurrentModel."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import tensorflow as tf

from schemas.errors import InputError

CURRENT_FILE = "current.json"


@dataclass(frozen=True)
class CurrentModelState:
    """The version that serves now; every field is empty before the first push.

    Attributes:
      version: Its integer version as a string, or None where nothing has been pushed.
      serving_path: Folder of the ScaNN SavedModel, or None.
      exact_path: Folder of its op-free twin, or None.
      metrics: Test metrics of that model when it was pushed, by name.
      statistics_path: TFDV statistics (`FeatureStats.pb`) of the events it was trained on, or None.
    """

    version: str | None = None
    serving_path: str | None = None
    exact_path: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    statistics_path: str | None = None


def read_current(uri: str) -> CurrentModelState:
    """Reads `current.json` from the artifact folder `uri` of CurrentModel.

    Raises:
      InputError: The file is missing, or does not hold a state.
    """
    path = os.path.join(uri, CURRENT_FILE)
    cure = "run CurrentModel again"
    if not tf.io.gfile.exists(path):
        raise InputError(f"{path} does not exist; {cure}")
    with tf.io.gfile.GFile(path, "r") as file:
        text = file.read()
    try:
        values: dict[str, Any] = json.loads(text)
        return CurrentModelState(**values)
    except (json.JSONDecodeError, TypeError) as error:
        raise InputError(f"{path} does not hold a current model ({error}); {cure}") from error


def write_current(uri: str, state: CurrentModelState) -> None:
    """Writes `current.json` into the artifact folder `uri`."""
    tf.io.gfile.makedirs(uri)
    with tf.io.gfile.GFile(os.path.join(uri, CURRENT_FILE), "w") as file:
        file.write(json.dumps(asdict(state), indent=1, sort_keys=True, allow_nan=False))
