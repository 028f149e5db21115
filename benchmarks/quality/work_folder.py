"""The work folder of a measurement and the configuration in it, which `twotower run` reads."""

import re
import shlex
import shutil
from pathlib import Path

import yaml

from benchmarks.quality.logs import Adapter, PreparedLog
from schemas.errors import InputError

POLICIES = {"temporal": "temporal", "leave-one-out": "leave_one_out"}
# Marks a folder that a measurement created and may delete.
_MARKER = ".twotower-quality"
_HEADER = """\
# Written by `python -m benchmarks.quality` for {log}
# Recognised: {facts}
# Command:  {command}
"""


def prepare_log(
    adapter: Adapter, log: Path, folder: Path, attributes: Path | None, split: str | None
) -> PreparedLog:
    """Returns the configuration that measures a log.

    No quality gate rejects the model. Without index settings of the log the index is exact, because
    quality is measured without the index and tuning an index takes long.

    Args:
      adapter: Adapter of the log's format.
      log: A file or a folder.
      folder: The work folder; the adapter writes files below `log/`.
      attributes: A file of item attributes, for sequence logs.
      split: `temporal` or `leave-one-out`; None for the format's own split.

    Raises:
      InputError: The log does not have this format, or the format does not support an option.
    """
    if attributes is not None and not adapter.is_sequence:
        raise InputError(
            f"--attributes: a log of format {adapter.name} does not take item attributes; leave "
            "the option out"
        )
    if split == "temporal" and adapter.is_sequence:
        raise InputError(
            f"--split temporal: a log of format {adapter.name} has an order but no times; use "
            "leave-one-out"
        )
    prepared = adapter.prepare(log, folder / "log", attributes)
    config = dict(prepared.config)
    if split is not None and POLICIES[split] != (config.get("split") or {}).get("policy"):
        config["split"] = {"policy": POLICIES[split]}
    evaluation = dict(config.get("evaluation") or {})
    # The gates' metric stays, because the settings of the baselines are chosen by it.
    gates = dict(evaluation.get("gates") or {})
    limits = ("min_value", "max_drop", "max_slice_drop", "min_coverage", "min_effective_rank")
    gates |= {**dict.fromkeys(limits), "not_worse_than": [], "better_than": []}
    evaluation["gates"] = gates
    config["evaluation"] = evaluation
    config.setdefault("index", {"kind": "exact"})
    return PreparedLog(config, prepared.facts)


def log_name(log: Path) -> str:
    """Returns a valid pipeline name from a file name: lower-case letters, digits and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", log.resolve().name.split(".")[0].casefold())
    return plain.strip("-")[:63].strip("-") or "log"


def empty_folder(folder: Path, log: Path) -> None:
    """Creates the work folder, or empties it, so that no step takes its result from the cache.

    Raises:
      InputError: The folder contains files that no measurement wrote, or the log to measure.
    """
    if folder.resolve() in log.resolve().parents:
        raise InputError(f"{folder}: contains the log {log}; give another --output")
    marker = folder / _MARKER
    if folder.exists() and not marker.is_file() and (folder.is_file() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: contains files that no measurement wrote; empty it, or give another "
            "--output"
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    marker.touch()


def write_config(folder: Path, name: str, log: Path, prepared: PreparedLog) -> Path:
    """Writes the configuration into the work folder and returns its path.

    Args:
      folder: The work folder.
      name: Name of the pipeline.
      log: The log, for the header.
      prepared: The other values of the configuration.
    """
    path = folder / "config.yaml"
    values = {"name": name, "output": str(folder / "run"), **prepared.config}
    command = shlex.join(["twotower", "run", str(path)])
    header = _HEADER.format(log=log, facts=prepared.facts, command=command)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    path.write_text(header + text, encoding="utf-8")
    return path
