"""`twotower rollback`: serves an older version of the model of a run."""

from typing import Any

from components.pusher.rollback import rollback
from pipeline.console import Console
from pipeline.paths import run_paths
from pipeline.runners.read_record import recorded_settings


def rollback_command(
    run_dir: str, record: dict[str, Any], version: int | None, console: Console
) -> None:
    """Rolls back the model of a run and prints the version that is served.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      version: The version to serve; by default the newest version of another model.
      console: Receives one line.

    Raises:
      InputError: There is no such version, or the record contains no valid configuration.
    """
    console.result.write(roll_back(run_dir, record, version))


def roll_back(run_dir: str, record: dict[str, Any], version: int | None) -> str:
    """Rolls back the model of a run and returns the line to print.

    Args:
      run_dir: The run directory.
      record: Its run.json.
      version: The version to serve; by default the newest version of another model.

    Raises:
      InputError: There is no such version, or the record contains no valid configuration.
    """
    paths = run_paths(recorded_settings(run_dir, record))
    served = rollback(paths.serving_dir, paths.portable_dir, version)
    withdrawn = ", ".join(served.withdrawn) or "none"
    unavailable = (
        "which does not support lists of unavailable items"
        if served.num_unavailable is None
        else f"{served.num_unavailable} items unavailable"
    )
    return f"Version {served.version} is served, {unavailable}; withdrawn: {withdrawn}\n"
