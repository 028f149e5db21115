"""Progress of a local run on the terminal: the current component, its time and its own progress.

LocalDagRunner has no progress callback. It logs a line when a component starts, when it finishes
and when a cached execution is used; a logging handler turns these lines into progress.
"""

import logging
import time
from collections.abc import Callable
from typing import TextIO

from components.progress import PROGRESS_LOGGER

# Format strings of tfx.orchestration.local.local_dag_runner and .portable.launcher. The tests that
# run a pipeline fail if a new TFX version changes them.
STARTED = "Component %s is running."
FINISHED = "Component %s is finished."
_CACHED = "A cached execution %d is used."


def component_id(record: logging.LogRecord) -> str:
    """Returns the id of the component of a STARTED or FINISHED record."""
    return str(record.args[0]) if isinstance(record.args, tuple) and record.args else "?"


class ProgressHandler(logging.Handler):
    """Prints `[ 3/15] InteractionExampleGen … 12.1 s` to a stream, and indented progress lines."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Creates a handler; set `num_components` when the number of components is known."""
        super().__init__(logging.INFO)
        self.num_components = 1
        self._stream = stream
        self._clock = clock
        self._number = 0
        self._started_s = 0.0
        self._cached = False

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a line for a start, an end or a step's own progress; ignores other records."""
        if record.name == PROGRESS_LOGGER:
            self._write_line(f"        {record.getMessage()}")
        elif record.msg == STARTED:
            self._number += 1
            self._cached = False
            self._started_s = self._clock()
            self._write_line(f"{self._position()} {component_id(record)} …")
        elif record.msg == _CACHED:
            self._cached = True
        elif record.msg == FINISHED:
            seconds = self._clock() - self._started_s
            outcome = "unchanged, from cache" if self._cached else f"{seconds:.1f} s"
            self._write_line(f"{self._position()} {component_id(record)} done ({outcome})")

    def _position(self) -> str:
        width = len(str(self.num_components))
        return f"[{self._number:{width}d}/{self.num_components}]"

    def _write_line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
