"""Progress of a local run on the terminal: the current component, its time and the time left.

LocalDagRunner has no progress callback. It logs a line when a component starts, when it finishes
and when a cached execution is used; a logging handler turns these lines into progress.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from components.progress import PROGRESS_LOGGER, about

# Format strings of tfx.orchestration.local.local_dag_runner and .portable.launcher. The tests that
# run a pipeline fail if a new TFX version changes them.
STARTED = "Component %s is running."
FINISHED = "Component %s is finished."
_CACHED = "A cached execution %d is used."
# A shorter time left is not worth an estimate.
_MIN_LEFT_S = 5.0


def component_id(record: logging.LogRecord) -> str:
    """Returns the id of the component of a STARTED or FINISHED record."""
    return str(record.args[0]) if isinstance(record.args, tuple) and record.args else "?"


class ProgressHandler(logging.Handler):
    """Prints `[ 3/15] InteractionExampleGen … 12.1 s` to a stream, and indented progress lines."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Creates a handler; call `expect` when the components of the run are known."""
        super().__init__(logging.INFO)
        self._num_components = 1
        self._expected_s: dict[str, float] = {}
        self._stream = stream
        self._clock = clock
        self._number = 0
        self._started_s = 0.0
        self._cached = False

    def expect(self, num_components: int, seconds: Mapping[str, float]) -> None:
        """Sets the components of the run.

        Args:
          num_components: Their number.
          seconds: The duration of each in the last run that executed it; those that no run has
            executed are missing.
        """
        self._num_components = num_components
        self._expected_s = dict(seconds)

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a line for a start, an end or a step's own progress; ignores other records."""
        if record.name == PROGRESS_LOGGER:
            self._write_line(f"        {record.getMessage()}")
        elif record.msg == STARTED:
            self._number += 1
            self._cached = False
            self._started_s = self._clock()
            self._write_line(f"{self._position()} {component_id(record)} …{self._left()}")
        elif record.msg == _CACHED:
            self._cached = True
        elif record.msg == FINISHED:
            seconds = self._clock() - self._started_s
            outcome = "unchanged, from cache" if self._cached else f"{seconds:.1f} s"
            self._write_line(f"{self._position()} {component_id(record)} done ({outcome})")
            self._expected_s.pop(component_id(record), None)

    def _left(self) -> str:
        """Returns the time left for the end of a line; "" if no earlier run gives an estimate."""
        left_s = sum(self._expected_s.values())
        if len(self._expected_s) < self._num_components - self._number or left_s < _MIN_LEFT_S:
            return ""
        return f" ({about(left_s)} left, by earlier runs)"

    def _position(self) -> str:
        width = len(str(self._num_components))
        return f"[{self._number:{width}d}/{self._num_components}]"

    def _write_line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
