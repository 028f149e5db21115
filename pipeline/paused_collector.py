"""Pauses Python's garbage collector while objects are made that live to the end of the process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pauses the collector in a block that imports large libraries or loads a model.

    Both make many objects and hardly any garbage. The passes of the collector over them would take
    a tenth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
