"""Keeps the terminal for what a person reads; everything else goes to the run's log file.

TensorFlow and Beam write to the process's standard streams from C++ and from subprocesses, out of
reach of Python's logging. So the file descriptors themselves are pointed at the log file, and
duplicates of the terminal's are kept for progress (stderr) and results (stdout).
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
    """The two streams a person reads."""

    progress: TextIO
    result: TextIO


@contextmanager
def quiet_streams(log_path: str) -> Iterator[Console]:
    """Sends file descriptors 1 and 2 to `log_path` and yields the real ones.

    The log file is appended to. On exit the descriptors are restored, also after an error.

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


def _log_to_stderr() -> logging.Handler:
    """Everything that libraries log reaches the log file, with its time."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler
