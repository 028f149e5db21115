"""The plan of a re-index: settings and paths, from the record of a run and from overrides."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.config import parse_settings
from pipeline.paths import METADATA_FILE, RunPaths, run_paths
from pipeline.runners.read_record import (
    name_in_metadata,
    record_path,
    recorded_settings,
    recorded_values,
)
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.settings import Settings

FOLDER = "reindex"
# Settings on which the trained towers depend cannot be changed.
CHANGEABLE = ("items", "index", "push", "beam", "rejects")


@dataclass(frozen=True)
class ReindexPlan:
    """Settings and paths of a re-index.

    Attributes:
      run_dir: The run directory.
      recorded_run_dir: The run directory's name at the time of the run, used in artifact URIs.
      version: The version that the run pushed.
      first_version: The version as which the same towers were first pushed.
      settings: Settings of the run with the new catalogue. They contain no ids to erase, which are
        read from the metadata store.
      paths: Paths of the re-index, with its own record, report and log.
    """

    run_dir: str
    recorded_run_dir: str
    version: str
    first_version: str
    settings: Settings
    paths: RunPaths


def plan_reindex(
    run_dir: str,
    record: dict[str, Any],
    catalogue: str,
    overrides: Sequence[str] = (),
    output: str | None = None,
) -> ReindexPlan:
    """Returns the plan of a re-index.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      catalogue: Path of the changed catalogue, which replaces `items.path`.
      overrides: Texts of the form `key.sub=value` for the sections in CHANGEABLE.
      output: Folder for record, report and log; by default `reindex` in the run directory.

    Raises:
      InputError: The run pushed no model or has no catalogue file, an override is not allowed, or
        `output` is a run directory.
    """
    source = record_path(run_dir)
    push, config = record.get("push"), record.get("config")
    if not config or not push or not push["pushed"]:
        raise InputError(
            f"{source}: the run ended with status {record.get('status')!r} and pushed nothing, so "
            "there is no model to re-index; give a run directory whose last `twotower run` pushed "
            "a model"
        )
    if not config["items"]:
        raise InputError(
            f"{source}: the run has no `items:` section, and its catalogue is the set of logged "
            "items, so there is no file to replace; add `items:` to the configuration and run "
            "`twotower run`"
        )
    for override in overrides:
        _check_section(override)
    values = recorded_values(run_dir, record)
    if values["items"].pop("query", None) and not _sets(overrides, "items.format"):
        raise InputError(
            f"{source}: the run read its catalogue with items.query, but --catalogue is a file; "
            "give the format of the file, e.g. --set items.format=csv"
        )
    # The range selects files of the replaced path.
    values["items"].pop("range", None)
    overrides = (*overrides, f"items.path={json.dumps(catalogue)}")
    name = name_in_metadata(run_dir, config["output"])
    settings = parse_settings(values, source, overrides, name)
    _check_features(recorded_settings(run_dir, record), settings)
    paths = _reindex_paths(settings, _report_dir(run_dir, output))
    # Records written before lists of unavailable items existed contain only `version`.
    first_version = push.get("first_version") or push["version"]
    return ReindexPlan(run_dir, config["output"], push["version"], first_version, settings, paths)


def _report_dir(run_dir: str, output: str | None) -> str:
    folder = output or os.path.join(run_dir, FOLDER)
    if os.path.exists(os.path.join(folder, METADATA_FILE)):
        raise InputError(
            f"--output {folder}: is a run directory, whose record and report would be overwritten; "
            f"omit --output to write to {os.path.join(run_dir, FOLDER)}, or give another folder"
        )
    return folder


def _check_section(override: str) -> None:
    section = override.partition("=")[0].split(".")[0]
    if section not in CHANGEABLE:
        raise InputError(
            f"--set {override}: a re-index does not train, so {section} cannot change; only "
            f"{', '.join(CHANGEABLE)} can; to change {section}, run `twotower run`"
        )


def _sets(overrides: Sequence[str], key: str) -> bool:
    return any(override.partition("=")[0] == key for override in overrides)


def _check_features(before: Settings, after: Settings) -> None:
    trained, requested = (
        ", ".join(sorted(f"{f.name}: {f.kind.value}" for f in feature_table(data).item))
        for data in (before.data, after.data)
    )
    if trained != requested:
        raise InputError(
            f"--set items: the towers were trained with the features {trained}, got {requested}; a "
            "re-index may read these features from other columns, but cannot use other features"
        )


def _reindex_paths(settings: Settings, report_dir: str) -> RunPaths:
    """Returns the paths of the run, except for the files that a re-index writes to `report_dir`."""
    own = run_paths(replace(settings, output=report_dir))
    return replace(
        run_paths(settings),
        report_dir=own.report_dir,
        rejects=own.rejects,
        log=own.log,
        metrics=own.metrics,
        run_record=own.run_record,
        report=own.report,
    )
