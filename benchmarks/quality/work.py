"""The work folder of a measurement: made anew, with the configuration that `twotower run` takes."""

import re
import shlex
import shutil
from pathlib import Path

import yaml

from benchmarks.quality.logs import Adapter, Prepared
from schemas.errors import InputError

POLICIES = {"temporal": "temporal", "leave-one-out": "leave_one_out"}
_MARKER = ".twotower-quality"
_HEAD = """\
# Written by benchmarks/quality/__main__.py from {log}
# Recognised: {facts}
# Command:  {command}
"""


def prepare(
    adapter: Adapter, log: Path, folder: Path, attributes: Path | None, split: str | None
) -> Prepared:
    """The log as the pipeline's input.

    No gate rejects a model for its quality. The index searches exactly where the settings of the
    log say nothing of it: what is measured comes before the index, and tuning one takes long.

    Args:
      adapter: Of the log's format.
      log: A file or a folder.
      folder: Where files that have to be written go, below `log/`.
      attributes: A file of item attributes, for sequence files.
      split: temporal or leave-one-out, in place of the format's own.

    Raises:
      InputError: The log is not of this format, or an option does not fit it.
    """
    if attributes is not None and not adapter.is_sequence:
        raise InputError(f"--attributes: a log of format {adapter.name} does not take any")
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
    # The metric stays: the settings of the baselines are chosen by it.
    gates = dict(evaluation.get("gates") or {})
    evaluation["gates"] = gates | {"beats": [], "min_value": None, "max_drop": None}
    config["evaluation"] = evaluation
    config.setdefault("index", {"kind": "exact"})
    return Prepared(config, prepared.facts)


def log_name(log: Path) -> str:
    """A file's or folder's name as a pipeline's: lower case, digits and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", log.resolve().name.split(".")[0].casefold())
    return plain.strip("-")[:63].strip("-") or "log"


def empty_folder(folder: Path, log: Path) -> None:
    """Makes the work folder anew: a step taken from the cache would cost no seconds.

    Raises:
      InputError: It holds what no measurement wrote, or the log that is to be measured.
    """
    if folder.resolve() in log.resolve().parents:
        raise InputError(f"{folder}: the log {log} is in it; give another --output")
    marker = folder / _MARKER
    if folder.exists() and not marker.is_file() and (folder.is_file() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: holds files that no measurement wrote; empty it, or give another --output"
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    marker.touch()


def write_config(folder: Path, name: str, log: Path, prepared: Prepared) -> Path:
    """Writes the configuration, to be read and run by itself, and returns its path."""
    path = folder / "config.yaml"
    values = {"name": name, "output": str(folder / "run"), **prepared.config}
    command = shlex.join(["twotower", "run", str(path)])
    head = _HEAD.format(log=log, facts=prepared.facts, command=command)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    path.write_text(head + text, encoding="utf-8")
    return path
