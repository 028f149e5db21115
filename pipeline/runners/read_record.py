"""Reads the record of a finished run (run.json) and its settings."""

import copy
import json
import os
from pathlib import Path
from typing import Any

from pipeline.config import parse_settings
from schemas.errors import InputError
from schemas.settings import Settings
from schemas.steps import RUN_FILE


def record_path(run_dir: str) -> str:
    """Returns the path of the record of a run."""
    return os.path.join(run_dir, RUN_FILE)


def read_record(run_dir: str) -> dict[str, Any]:
    """Returns the record of a run.

    Raises:
      InputError: `run_dir` is not a run directory, or the record is damaged.
    """
    return read_json_file(record_path(run_dir))


def read_json_file(path: str) -> dict[str, Any]:
    """Returns the JSON object in a file of a run directory.

    Raises:
      InputError: The file does not exist or does not contain a JSON object.
    """
    if not os.path.isfile(path):
        raise InputError(
            f"{path}: no such file; expected the directory of a run, as `twotower run` writes it"
        )
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); run `twotower run` again") from error
    if not isinstance(values, dict):
        raise InputError(
            f"{path}: damaged (expected a JSON object, got {type(values).__name__}); run "
            "`twotower run` again"
        )
    return values


def recorded_values(run_dir: str, record: dict[str, Any]) -> dict[str, Any]:
    """Returns the configuration values of a run, without the ids to erase.

    A record contains only the number and a digest of the ids to erase.

    Raises:
      InputError: The record contains no configuration.
    """
    config = record.get("config")
    if not isinstance(config, dict) or "output" not in config:
        raise InputError(
            f"{record_path(run_dir)}: contains no configuration; give the directory of a run, as "
            "`twotower run` writes it"
        )
    return {**copy.deepcopy(config), "erase": {}}


def recorded_settings(run_dir: str, record: dict[str, Any]) -> Settings:
    """Returns the settings of a run, with its current directory as output.

    Raises:
      InputError: The record contains no valid configuration.
    """
    values = recorded_values(run_dir, record)
    output = name_in_metadata(run_dir, values["output"])
    return parse_settings(values, record_path(run_dir), output=output)


def current_path(run_dir: str, record: dict[str, Any], path: str) -> str:
    """Returns where a recorded file of a run is now, if the run directory was moved or copied.

    Args:
      run_dir: Current name of the directory.
      record: Its run.json.
      path: The path in the record.
    """
    relative = os.path.relpath(path, (record.get("config") or {}).get("output") or run_dir)
    moved = os.path.join(run_dir, relative)
    return moved if not relative.startswith(os.pardir) and os.path.exists(moved) else path


def name_in_metadata(run_dir: str, recorded: str) -> str:
    """Returns the name under which the metadata store refers to a run directory.

    Artifacts keep their lineage only under that name. If the directory has been moved, its current
    name is returned.

    Args:
      run_dir: Current name of the directory.
      recorded: The directory's name in the record of the run.
    """
    is_same = os.path.isdir(recorded) and os.path.samefile(run_dir, recorded)
    return recorded if is_same else run_dir
