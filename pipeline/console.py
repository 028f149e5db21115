"""The streams of a command: progress and results on the terminal, everything else in a log file.

TensorFlow and Beam write to the standard streams from C++ and from subprocesses, which Python's
logging cannot redirect. The file descriptors are therefore redirected to the log file, and
duplicates of the original descriptors are used for progress (stderr) and results (stdout).
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from schemas.errors import InputError


@dataclass(frozen=True)
class Console:
    """The streams for the user.

    Attributes:
      progress: Stream for progress and errors (stderr).
      result: Stream for results (stdout).
    """

    progress: TextIO
    result: TextIO


@contextmanager
def quiet_streams(log_path: str) -> Iterator[Console]:
    """Redirects file descriptors 1 and 2 to a log file and yields the original streams.

    The log is appended to the file. The descriptors are restored at the end, also after an error.

    Args:
      log_path: The log file; its folder is created if necessary.

    Raises:
      InputError: The log file cannot be written.
    """
    try:
        os.makedirs(os.path.dirname(os.path.abspath(log_path)), exist_ok=True)
        log = open(log_path, "ab", buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(
            f"{log_path}: cannot be written ({error}); give another --output"
        ) from error
    sys.stdout.flush()
    sys.stderr.flush()
    saved_out, saved_err = os.dup(1), os.dup(2)
    with log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    handler = _log_to_stderr()
    try:
        with (
            os.fdopen(os.dup(saved_err), "w", buffering=1, encoding="utf-8") as progress,
            os.fdopen(os.dup(saved_out), "w", buffering=1, encoding="utf-8") as result,
        ):
            yield Console(progress, result)
    finally:
        logging.getLogger().removeHandler(handler)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved_out, 1)
        os.dup2(saved_err, 2)
        os.close(saved_out)
        os.close(saved_err)


@contextmanager
def warnings_shown(console: Console, *loggers: str) -> Iterator[None]:
    """Writes the warnings and errors of loggers to the terminal during the block."""
    handler = logging.StreamHandler(console.progress)
    handler.setLevel(logging.WARNING)
    for name in loggers:
        logging.getLogger(name).addHandler(handler)
    try:
        yield
    finally:
        for name in loggers:
            logging.getLogger(name).removeHandler(handler)


def _log_to_stderr() -> logging.Handler:
    """Adds a handler that writes the records of all loggers to stderr, with their time."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler
