"""`twotower init --demo`: writes the demo log and its configuration."""

from pathlib import Path

from pipeline.console import Console
from pipeline.demo.configuration import write_configuration
from pipeline.demo.files import write_if_outdated
from pipeline.demo.settings import DemoSettings
from schemas.errors import InputError


def init_demo_command(directory: Path, force: bool, console: Console) -> None:
    """Writes the demo log, unless it is up to date, its schema and its configuration.

    Args:
      directory: The folder of the files.
      force: Whether an edited configuration or schema is overwritten.
      console: Receives the counts as progress, and the path of the configuration as result.

    Raises:
      InputError: The folder contains other files of these names or an edited configuration, or it
        cannot be written.
    """
    try:
        console.progress.write(f"{write_if_outdated(directory, DemoSettings())}\n")
        path = write_configuration(directory, force)
    except (OSError, ValueError) as error:
        raise InputError(f"--demo {directory}: {error}") from error
    console.progress.write(f"Next: twotower run {path}\n")
    console.result.write(f"{path}\n")
