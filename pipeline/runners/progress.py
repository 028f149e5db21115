"""Shows which component runs, its seconds, and what it says of its progress.

LocalDagRunner has no hook for this, but it logs one line as a component starts, one as it ends and
one when a cached execution is used: a logging handler turns them into a person's progress.
"""

import logging
import time
from collections.abc import Callable
from typing import TextIO

from components.progress import PROGRESS_LOGGER

# The format strings of tfx.orchestration.local.local_dag_runner and .portable.launcher; a test
# that runs a pipeline notices if a new TFX changes them.
_STARTED = "Component %s is running."
_FINISHED = "Component %s is finished."
_CACHED = "A cached execution %d is used."


class ProgressHandler(logging.Handler):
    """Prints `[ 3/15] InteractionExampleGen … 12.1 s` to a stream, and indented progress lines."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """`components` is how many there will be; set it once that is known."""
        super().__init__(logging.INFO)
        self.components = 1
        self._stream = stream
        self._clock = clock
        self._number = 0
        self._started_s = 0.0
        self._cached = False

    def emit(self, record: logging.LogRecord) -> None:
        """Shows a record if it is one of the runner's marks or a step's own progress."""
        if record.name == PROGRESS_LOGGER:
            self._line(f"        {record.getMessage()}")
        elif record.msg == _STARTED:
            self._number += 1
            self._cached = False
            self._started_s = self._clock()
            self._line(f"{self._place()} {self._component(record)} …")
        elif record.msg == _CACHED:
            self._cached = True
        elif record.msg == _FINISHED:
            seconds = self._clock() - self._started_s
            outcome = "unchanged, from cache" if self._cached else f"{seconds:.1f} s"
            self._line(f"{self._place()} {self._component(record)} done ({outcome})")

    def _place(self) -> str:
        width = len(str(self.components))
        return f"[{self._number:{width}d}/{self.components}]"

    @staticmethod
    def _component(record: logging.LogRecord) -> str:
        return str(record.args[0]) if isinstance(record.args, tuple) and record.args else "?"

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
