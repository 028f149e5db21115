"""The exit codes of `twotower` and the errors that they represent."""

from collections.abc import Iterator
from enum import IntEnum

from components.gate import GateRejectedError
from schemas.errors import InputError


class ExitCode(IntEnum):
    """Exit code of a command.

    The names in lower case are also the values of `status` in run.json.
    """

    PUSHED = 0
    FAILED = 1
    BAD_INPUT = 2
    DATA_REJECTED = 3
    MODEL_REJECTED = 4


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and its causes, outermost first."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def exit_code(error: BaseException) -> ExitCode:
    """Returns the exit code of an error: the first error of this project in its chain decides."""
    for link in error_chain(error):
        if isinstance(link, InputError):
            return ExitCode.BAD_INPUT
        if isinstance(link, GateRejectedError):
            return ExitCode.DATA_REJECTED
    return ExitCode.FAILED


def error_message(error: BaseException) -> str:
    """Returns the message of the first error of this project in the chain, else of the error."""
    for link in error_chain(error):
        if isinstance(link, InputError | GateRejectedError):
            return str(link)
    return f"{type(error).__name__}: {error}"
