"""`twotower run`: runs the whole pipeline on this machine."""

from pipeline.commands.outcome import write_outcome
from pipeline.console import Console
from pipeline.exit_codes import ExitCode
from pipeline.runners.local import run_local
from schemas.settings import Settings
from schemas.steps import INTERACTION_EXAMPLE_GEN


def run_command(settings: Settings, config_path: str, console: Console) -> ExitCode:
    """Runs the pipeline and prints its outcome.

    Args:
      settings: Validated settings.
      config_path: The configuration file, for run.json.
      console: Receives progress and the outcome.

    Returns:
      The exit code of the run.

    Raises:
      InputError: Another run is using the run directory.
    """
    outcome = run_local(settings, config_path, console)
    write_outcome(outcome, settings, (INTERACTION_EXAMPLE_GEN, "windows"), console)
    return outcome.code
