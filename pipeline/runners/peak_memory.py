"""The peak memory of each component of a local run, which all run in this process.

Linux keeps the largest resident set of a process as `VmHWM`, and resets it when 5 is written to
`clear_refs` (https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html).
"""

import logging
import re
from pathlib import Path

from pipeline.runners.progress import FINISHED, STARTED, component_id

_STATUS, _CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


class PeakMemoryHandler(logging.Handler):
    """Records the largest resident memory of this process while each component runs.

    The memory that earlier components have not returned to the system is part of the value; that
    of other processes, such as Beam workers, is not.

    Attributes:
      peak_bytes: The peak by component id, also of a component that failed. Empty on a system that
        does not measure it.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.peak_bytes: dict[str, int] = {}
        self._running: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Measures at the start and the end of a component; ignores other records."""
        if record.msg == STARTED:
            self.finish()
            if _reset_peak():
                self._running = component_id(record)
        elif record.msg == FINISHED:
            self.finish()

    def finish(self) -> None:
        """Records the peak of the component that runs, if one does."""
        if self._running is not None:
            self.peak_bytes[self._running] = _read_peak_bytes()
            self._running = None


def _reset_peak() -> bool:
    """Returns whether the system has reset the peak to the current memory."""
    try:
        _CLEAR_REFS.write_text("5", "ascii")
    except OSError:
        return False
    return True


def _read_peak_bytes() -> int:
    found = _PEAK.search(_STATUS.read_text("ascii"))
    if found is None:
        raise RuntimeError(f"{_STATUS} contains no VmHWM")
    return 1024 * int(found[1])
