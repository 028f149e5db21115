"""The lock that lets only one process at a time change a push destination."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from components import files
from components.pusher.versions import canonical_path

LOCK_FILE = ".publish.lock"


@contextmanager
def exclusive_lock(*model_dirs: str) -> Iterator[None]:
    """Holds an exclusive lock on the folders; waits until no other process holds it.

    The lock is an advisory `flock` on a file in each folder, which ends with the process. TF
    Serving ignores the file because its name is not a number. Object stores have no such lock:
    there the caller must ensure that only one process publishes at a time.
    """
    with ExitStack() as stack:
        # All processes lock in the same order, so that they cannot deadlock.
        for model_dir in sorted({canonical_path(d) for d in model_dirs if not files.is_remote(d)}):
            os.makedirs(model_dir, exist_ok=True)
            path = os.path.join(model_dir, LOCK_FILE)
            lock = stack.enter_context(open(path, "w", encoding="utf-8"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
