"""An event loop in a thread of its own, for a server and blocking clients in one process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

Wait = Callable[[Coroutine[Any, Any, Any]], Any]


@contextmanager
def loop_thread() -> Iterator[Wait]:
    """Runs an event loop during the block.

    Yields:
      A function that runs a coroutine in the loop, and returns its result or raises its error.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
