"""Makes publishers to one destination take turns."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from components.pusher.versions import is_remote, place

LOCK_FILE = ".publish.lock"


@contextmanager
def exclusive(*model_dirs: str) -> Iterator[None]:
    """Waits until no other process publishes to any of the folders, then holds them.

    The lock is an advisory `flock` on a file in each folder, which TF Serving passes over as its
    name is no number; it ends with the process. An object store has no such lock: there nothing
    is locked, and whoever starts the runs sees to it that one publishes at a time.
    """
    with ExitStack() as stack:
        # One order for all, so that no two wait for each other.
        for model_dir in sorted({place(d) for d in model_dirs if not is_remote(d)}):
            os.makedirs(model_dir, exist_ok=True)
            path = os.path.join(model_dir, LOCK_FILE)
            lock = stack.enter_context(open(path, "w", encoding="utf-8"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
