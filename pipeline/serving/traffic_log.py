"""The traffic log: a sample of the requests and answers, written by a thread of its own.

A request is never delayed and never fails because of its log: if the thread cannot follow or the
disk is full, records are dropped and counted.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from components.id_normalisation import IdNormaliser
from components.pusher.unavailable_lists import id_normaliser
from pipeline.serving.traffic_files import FileSettings, TrafficFiles
from pipeline.serving.traffic_record import AnsweredRequest, RecordSettings, records
from schemas.errors import InputError

_LOGGER = logging.getLogger(__name__)

WRITTEN = "written"
DROPPED = "dropped"
# The ids in the requests that wait to be written; with 50 bytes each, they take 100 MB at most.
_MAX_WAITING_VALUES = 1_000_000


@dataclass(frozen=True)
class TrafficSettings:
    """What is logged, and where.

    Attributes:
      files: The files.
      records: The sample, and the key of user ids.
      max_waiting_values: Further requests are dropped while so many ids wait to be written.
    """

    files: FileSettings
    records: RecordSettings = field(default_factory=RecordSettings)
    max_waiting_values: int = _MAX_WAITING_VALUES


class TrafficLog:
    """A thread that writes the log. `add` may be called in one other thread."""

    def __init__(self, settings: TrafficSettings, count: Callable[[str, int], None]) -> None:
        """Creates the folder and starts the thread.

        Args:
          settings: What is logged, and where.
          count: Receives WRITTEN or DROPPED and a number of records.

        Raises:
          InputError: Files cannot be created in the folder.
        """
        self._settings = settings
        self._count = count
        self._files = TrafficFiles(settings.files)
        self._normalisers: dict[str, IdNormaliser] = {}
        self._waiting: queue.SimpleQueue[AnsweredRequest | None] = queue.SimpleQueue()
        self._num_values = 0
        self._lock = threading.Lock()
        self._is_overflowing = self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="traffic-log", daemon=True)
        self._thread.start()

    def add(self, request: AnsweredRequest) -> None:
        """Passes a request to the thread, or drops all of its rows if too much waits there."""
        with self._lock:
            if not self._num_values:
                self._is_overflowing = False
            is_full = self._num_values + request.num_values > self._settings.max_waiting_values
            if not is_full:
                self._num_values += request.num_values
        if not is_full:
            self._waiting.put(request)
            return
        self._count(DROPPED, request.num_rows)
        if not self._is_overflowing:
            # The next report is due after the thread has caught up.
            self._is_overflowing = True
            _LOGGER.warning("traffic log: requests come faster than they are written; dropped")

    def close(self, timeout_s: float) -> None:
        """Writes what waits, completes the file and ends the thread.

        Args:
          timeout_s: How long this may take, in seconds.
        """
        self._waiting.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _LOGGER.warning(
                "traffic log: not written within %g s; the last file keeps its hidden name",
                timeout_s,
            )

    def _run(self) -> None:
        while True:
            try:
                request = self._waiting.get(timeout=self._files.seconds_left())
            except queue.Empty:
                self._try(self._files.close_if_due, 0)
                continue
            if request is None:
                break
            self._write(request)
            with self._lock:
                self._num_values -= request.num_values
            # Lets threads that answer requests continue at once; otherwise, they would wait until
            # the interpreter makes this thread give way, which takes milliseconds.
            time.sleep(0)
        self._try(self._files.close, 0)

    def _write(self, request: AnsweredRequest) -> None:
        try:
            lines = records(request, self._settings.records, self._normaliser(request.path))
        except (OSError, InputError) as error:
            self._count(DROPPED, request.num_rows)
            if not self._is_failing:
                _LOGGER.warning("traffic log: records are dropped: %s", error)
            self._is_failing = True
            return
        except DecodeError:
            # The model reads such an example, for example with a name that is not UTF-8.
            self._count(DROPPED, request.num_rows)
            return
        except Exception:
            # The log is not worth a server without one; the count and the trace show the fault.
            _LOGGER.exception("traffic log: no record can be made of a request")
            self._count(DROPPED, request.num_rows)
            return
        text = b"".join(lines)
        self._try(lambda: self._files.close_if_due(len(text)), 0)
        if lines and self._try(lambda: self._files.write(text), len(lines)):
            self._count(WRITTEN, len(lines))

    def _try(self, work: Callable[[], None], num_records: int) -> bool:
        """Does something with files; if it fails, counts the records, and reports it once."""
        try:
            work()
        except OSError as error:
            self._count(DROPPED, num_records)
            if not self._is_failing:
                _LOGGER.warning(
                    "traffic log: %s%s", "records are dropped: " if num_records else "", error
                )
            self._is_failing = True
            return False
        if self._is_failing and num_records:
            _LOGGER.warning("traffic log: records are written again")
            self._is_failing = False
        return True

    def _normaliser(self, path: str) -> IdNormaliser:
        """Returns the rules of ids of a version.

        Raises:
          InputError: Its manifest cannot be read. Other hashes would not join.
          OSError: Likewise.
        """
        if path not in self._normalisers:
            self._normalisers[path] = id_normaliser(path)
        return self._normalisers[path]
