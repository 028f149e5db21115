"""What a re-index takes from the record of a finished run, and what of it may change."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.config import settings_of
from pipeline.paths import METADATA_FILE, RunPaths, run_paths
from pipeline.runners.read_record import folder_of, recorded_settings, recorded_values, source_of
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.settings import Settings

FOLDER = "reindex"
# The towers are what they were trained as: what they depend on cannot be set.
CHANGEABLE = ("items", "index", "push", "beam", "rejects")


@dataclass(frozen=True)
class Reindex:
    """What to do.

    Attributes:
      run: The run directory.
      trained_in: What the run itself called that directory; its artifacts lie under that name.
      version: The version that it pushed.
      first_version: The one that the same towers were first pushed as.
      settings: The run's, with the new catalogue, but nothing to erase: its metadata has that.
      paths: Where things go; record, report and log are the re-index's own.
    """

    run: str
    trained_in: str
    version: str
    first_version: str
    settings: Settings
    paths: RunPaths


def plan_reindex(
    run: str,
    record: dict[str, Any],
    catalogue: str,
    overrides: Sequence[str] = (),
    output: str | None = None,
) -> Reindex:
    """Settings and places of a re-index.

    Args:
      run: The run directory.
      record: Its run.json.
      catalogue: What is read in place of `items.path`.
      overrides: `key.sub=value` texts for the sections in CHANGEABLE.
      output: Where record, report and log go; by default `reindex` in the run directory.

    Raises:
      InputError: The run pushed nothing, has no catalogue of its own, an override is not possible,
        or the record would replace that of a run. The message says what is.
    """
    source = source_of(run)
    push, config = record.get("push"), record.get("config")
    if not config or not push or not push["pushed"]:
        raise InputError(
            f"{source}: the run ended as {record.get('status')!r} and pushed nothing, so it has no "
            "model to re-index; name a run directory whose last `twotower run` pushed"
        )
    if not config["items"]:
        raise InputError(
            f"{source}: the run has no `items:`, its catalogue is the set of logged items: there "
            "is no file to replace; add `items:` to the configuration and run `twotower run`"
        )
    for override in overrides:
        _check_section(override)
    values = recorded_values(run, record)
    if values["items"].pop("query", None) and not _sets(overrides, "items.format"):
        raise InputError(
            f"{source}: the catalogue was the answer to items.query, and --catalogue names a file: "
            "say how that is laid out, as in --set items.format=csv"
        )
    # It belongs to the path that is replaced.
    values["items"].pop("range", None)
    overrides = (*overrides, f"items.path={json.dumps(catalogue)}")
    settings = settings_of(values, source, overrides, folder_of(run, config["output"]))
    _check_features(recorded_settings(run, record), settings)
    paths = _paths(settings, _record_folder(run, output))
    # Records of before there were lists of unavailable items know one version.
    first_version = push.get("first_version") or push["version"]
    return Reindex(run, config["output"], push["version"], first_version, settings, paths)


def _record_folder(run: str, output: str | None) -> str:
    folder = output or os.path.join(run, FOLDER)
    if os.path.exists(os.path.join(folder, METADATA_FILE)):
        raise InputError(
            f"--output {folder}: is a run directory, whose record and report would be replaced; "
            f"leave it out ({os.path.join(run, FOLDER)}), or name another folder"
        )
    return folder


def _check_section(override: str) -> None:
    section = override.partition("=")[0].split(".")[0]
    if section not in CHANGEABLE:
        raise InputError(
            f"--set {override}: a re-index keeps the towers as they were trained, so {section} "
            f"cannot change; what can is {', '.join(CHANGEABLE)}; for the rest run `twotower run`"
        )


def _sets(overrides: Sequence[str], key: str) -> bool:
    return any(override.partition("=")[0] == key for override in overrides)


def _check_features(before: Settings, after: Settings) -> None:
    trained, asked = (
        ", ".join(sorted(f"{item.name}: {item.kind.value}" for item in feature_table(one).item))
        for one in (before.data, after.data)
    )
    if trained != asked:
        raise InputError(
            f"--set items: the towers were trained with the features {trained}, got {asked}; a "
            "re-index may read them from other columns, but takes no others"
        )


def _paths(settings: Settings, folder: str) -> RunPaths:
    own = run_paths(replace(settings, output=folder))
    return replace(
        run_paths(settings),
        record=own.record,
        rejects=own.rejects,
        log=own.log,
        metrics=own.metrics,
        run=own.run,
        report=own.report,
    )
