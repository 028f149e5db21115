"""Loads, warms up and closes versions in a thread of low priority."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from pipeline.serving.allocated_memory import free_memory
from pipeline.serving.servable import Servable
from schemas.errors import InputError

T = TypeVar("T")

# Of two threads on one core, the one with this value gets a tenth of the time.
_NICE = 10
# A thread that computes in Python gives way to others after this time, by default 5 ms. A request
# waits for it several times.
_SWITCH_INTERVAL_S = 0.0005


class Loader:
    """A thread for everything about versions that takes long.

    It has a low priority, so that requests are answered at their usual speed while a version is
    loaded and warmed up. Another thread of normal priority loads the first version.
    """

    def __init__(self) -> None:
        """Starts no thread yet."""
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, "loader", initializer=_lower_priority)
        self._urgent_thread = ThreadPoolExecutor(1, "first-loader")

    async def do(self, work: Callable[[], T], is_urgent: bool = False) -> T:
        """Runs `work` in the thread and returns its result."""
        thread = self._urgent_thread if is_urgent else self._thread
        return await asyncio.get_running_loop().run_in_executor(thread, work)

    async def load(self, path: str, version: int, is_urgent: bool) -> tuple[Servable, int]:
        """Loads a version and warms it up; returns it and the number of warm-up requests.

        Args:
          path: Folder of the SavedModel.
          version: Its version.
          is_urgent: Whether no version is served yet, so that no requests need the processor.

        Raises:
          InputError: It cannot be loaded or warmed up.
        """
        return await self.do(lambda: self._load(path, version), is_urgent)

    def _load(self, path: str, version: int) -> tuple[Servable, int]:
        with _short_switch_interval():
            try:
                return self._load_and_warm_up(path, version)
            except InputError as error:
                failure = str(error)
            # The traceback of that error refers to the model, which is freed after the error. The
            # error that is raised here has another traceback.
            free_memory()
            raise InputError(failure)

    def _load_and_warm_up(self, path: str, version: int) -> tuple[Servable, int]:
        servable = Servable(path, version)
        try:
            return servable, servable.warm_up(self._stop.is_set)
        except InputError:
            servable.close()
            raise

    async def close(self, servable: Servable) -> None:
        """Closes a version that has no requests in flight, and returns its memory to the system."""
        await self.do(lambda: _close(servable))

    def stop(self) -> None:
        """Ends the thread after its current work, of which it leaves out the warm-up."""
        self._stop.set()
        for thread in (self._thread, self._urgent_thread):
            thread.shutdown(wait=True, cancel_futures=True)


def _close(servable: Servable) -> None:
    with _short_switch_interval():
        servable.close()
        free_memory()


def _lower_priority() -> None:
    """Gives this thread a low priority; on Linux, threads have priorities of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


@contextmanager
def _short_switch_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
