"""The command's exit codes, and which error means which."""

from collections.abc import Iterator
from enum import IntEnum

from components.gate import GateRejectedError
from schemas.errors import InputError


class ExitCode(IntEnum):
    """What the process says to the shell."""

    PUSHED = 0
    FAILED = 1
    BAD_INPUT = 2
    DATA_REJECTED = 3
    MODEL_REJECTED = 4


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what caused it, outermost first."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def exit_code(error: BaseException) -> ExitCode:
    """The exit code of an error: the first link of its chain that is ours decides."""
    for link in error_chain(error):
        if isinstance(link, InputError):
            return ExitCode.BAD_INPUT
        if isinstance(link, GateRejectedError):
            return ExitCode.DATA_REJECTED
    return ExitCode.FAILED


def error_message(error: BaseException) -> str:
    """What a person should read of an error: our own sentence where the chain has one."""
    for link in error_chain(error):
        if isinstance(link, InputError | GateRejectedError):
            return str(link)
    return f"{type(error).__name__}: {error}"
