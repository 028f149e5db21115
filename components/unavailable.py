"""The file of items that may not be recommended, as it stands in the `assets` of a model.

One item id a line, UTF-8, after one line that says so: TensorFlow rejects to load a table from a
file without any line, and one with an empty line.
"""

from collections.abc import Iterable

import tensorflow as tf

from schemas.errors import InputError

HEADER = "# items that may not be recommended, one id a line"


def _bytes(path: str) -> bytes:
    if "://" in path:
        with tf.io.gfile.GFile(path, "rb") as file:
            return file.read()
    # GFile takes a pipe, which has no size, for an empty file.
    with open(path, "rb") as file:
        return file.read()


def write_unavailable(path: str, item_ids: Iterable[str]) -> None:
    """Writes the file, each id once, sorted."""
    lines = [HEADER, *sorted(set(item_ids))]
    with tf.io.gfile.GFile(path, "w") as file:
        file.write("".join(f"{line}\n" for line in lines))


def read_unavailable(path: str) -> list[str]:
    """The ids of a file, as `write_unavailable` or a text editor wrote it.

    Raises:
      InputError: It is no UTF-8 text, or cannot be read.
    """
    try:
        content = _bytes(path)
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; expected a text file with one item id a line"
        ) from error
    except (OSError, tf.errors.OpError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}); expected a text file with one item id a line"
        ) from error
    try:
        # Not `splitlines`: an id may hold what that takes for the end of a line.
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 ({error}); expected a text file with one item id a line"
        ) from error
    return sorted({line.strip(" \t\r") for line in lines} - {"", HEADER})
