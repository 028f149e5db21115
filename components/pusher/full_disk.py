"""The message about a full disk, on which a push is the step that needs the most space."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import InputError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def full_disk_is_input_error(serving_dir: str, portable_dir: str) -> Iterator[None]:
    """Makes an InputError of an error that says that the disk or the quota is full.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.

    Raises:
      InputError: The disk or the quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise InputError(
            f"{error.filename2 or error.filename or serving_dir} cannot be written: "
            f"{error.strerror}. The versions in {serving_dir} and {portable_dir} are complete, and "
            "an unfinished copy has been removed. Free space there, lower push.keep_versions, or "
            "set push.serving_dir and push.portable_dir to a larger disk, then run the command "
            "again"
        ) from error
