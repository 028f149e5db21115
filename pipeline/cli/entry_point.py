"""The entry point of the `twotower` command."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.cli.app import app
from pipeline.config.documentation import error_text
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError


def main() -> None:
    """Runs the command line; the entry point of the console script."""
    quieten()
    with _input_errors_exit():
        app()


@contextmanager
def _input_errors_exit() -> Iterator[None]:
    """Prints the message of an InputError and exits with the code for invalid input."""
    try:
        yield
    except InputError as error:
        sys.stderr.write(error_text(str(error)))
        sys.exit(int(ExitCode.BAD_INPUT))
