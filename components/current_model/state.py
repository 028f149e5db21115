"""The currently served model as the other steps read it: `current.json` of CurrentModel."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from components import files
from schemas.errors import InputError

CURRENT_FILE = "current.json"


@dataclass(frozen=True)
class CurrentModelState:
    """The currently served model version; every field is empty before the first push.

    Attributes:
      version: The version number as a string, or None if nothing has been pushed.
      serving_path: Folder of the ScaNN SavedModel, or None.
      portable_path: Folder of its twin, the SavedModel without a custom op, or None.
      metrics: Test metrics of the model at the time of its push, by name.
      statistics_path: TFDV statistics (`FeatureStats.pb`) of the events that the model was trained
        on, or None.
      towers_path: Folder of its proven towers, those that were evaluated; of its twin if it was
        published without them; or None.
      train_end_s: The time of the last event of the train split of these towers, in seconds since
        the epoch, UTC; None if its manifest does not state it.
      split_policy: The policy of that split; None if its manifest does not state it.
      id_rules: The rules of `ids.normalise` that it applies to ids.
      num_items: The number of items that it can recommend; None if its manifest does not state it.
      num_listed_items: The number of these that its items files contained; None if its manifest
        does not state it.
    """

    version: str | None = None
    serving_path: str | None = None
    portable_path: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    statistics_path: str | None = None
    towers_path: str | None = None
    train_end_s: int | None = None
    split_policy: str | None = None
    id_rules: list[str] = field(default_factory=list)
    num_items: int | None = None
    num_listed_items: int | None = None


def read_current_model(uri: str) -> CurrentModelState:
    """Reads `current.json` from the artifact folder `uri` of CurrentModel.

    Raises:
      InputError: The file is missing or is not a valid state.
    """
    path = os.path.join(uri, CURRENT_FILE)
    remedy = "run CurrentModel again"
    if not files.exists(path):
        raise InputError(f"{path} does not exist; {remedy}")
    try:
        values: dict[str, Any] = json.loads(files.read_text(path))
        return CurrentModelState(**values)
    except (json.JSONDecodeError, TypeError) as error:
        raise InputError(f"{path} is not a valid model state ({error}); {remedy}") from error


def write_current_model(uri: str, state: CurrentModelState) -> None:
    """Writes `current.json` to the artifact folder `uri`."""
    text = json.dumps(asdict(state), indent=1, sort_keys=True, allow_nan=False)
    files.make_folder(uri)
    files.write_text(os.path.join(uri, CURRENT_FILE), text)
