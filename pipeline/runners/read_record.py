"""The settings of a finished run, from its record, and its directory where that lies now."""

import copy
import os
from typing import Any

from pipeline.config import settings_of
from schemas.errors import InputError
from schemas.settings import Settings
from schemas.steps import RUN_FILE


def source_of(run: str) -> str:
    """Where the record of a run directory lies."""
    return os.path.join(run, RUN_FILE)


def recorded_values(run: str, record: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a run, as a YAML file would hold it, but nothing to erase.

    Ids to erase stand in a record as a number and a digest.

    Raises:
      InputError: The record holds no configuration.
    """
    config = record.get("config")
    if not isinstance(config, dict) or "output" not in config:
        raise InputError(
            f"{source_of(run)}: holds no configuration; name a run directory as `twotower run` "
            "leaves it"
        )
    return {**copy.deepcopy(record["config"]), "erase": {}}


def recorded_settings(run: str, record: dict[str, Any]) -> Settings:
    """The settings of a run, its directory being where it is now."""
    values = recorded_values(run, record)
    return settings_of(values, source_of(run), output=folder_of(run, values["output"]))


def folder_of(run: str, recorded: str) -> str:
    """The run directory by the name in its metadata, so that artifacts keep their lineage."""
    is_same = os.path.isdir(recorded) and os.path.samefile(run, recorded)
    return recorded if is_same else run
