"""File operations on local paths, and on remote ones such as gs:// through TensorFlow.

The import of TensorFlow takes seconds, and a command may need nothing else of it. A local path
therefore goes to the operating system, and TensorFlow is imported at the first remote path. Errors
are instances of OSError in both cases.

The input files of users are read by Beam's filesystems instead (`components.readers`), which know
more schemes.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any


def is_remote(path: str) -> bool:
    """Returns whether `path` is on an object store, where renaming a folder is not atomic."""
    return "://" in path


def exists(path: str) -> bool:
    """Returns whether there is a file or a folder."""
    if is_remote(path):
        with _gfile() as gfile:
            return bool(gfile.exists(path))
    return os.path.exists(path)


def is_folder(path: str) -> bool:
    """Returns whether there is a folder."""
    if is_remote(path):
        with _gfile() as gfile:
            return bool(gfile.isdir(path))
    return os.path.isdir(path)


def names_in(folder: str) -> list[str]:
    """Returns the sorted names of the files and folders in a folder; [] if it does not exist."""
    if not is_folder(folder):
        return []
    if is_remote(folder):
        with _gfile() as gfile:
            # On an object store, the names of folders end with a slash.
            return sorted(name.rstrip("/") for name in gfile.listdir(folder))
    return sorted(os.listdir(folder))


def files_below(folder: str) -> list[str]:
    """Returns the paths of all files below a folder, relative to it and sorted."""
    if is_remote(folder):
        with _gfile() as gfile:
            walked = list(gfile.walk(folder))
    else:
        walked = list(os.walk(folder, followlinks=True))
    prefix = folder.rstrip("/") + "/"
    return sorted(
        os.path.join(parent, name).removeprefix(prefix)
        for parent, _, names in walked
        for name in names
    )


def size_bytes(path: str) -> int:
    """Returns the size of a file."""
    if is_remote(path):
        with _gfile() as gfile:
            return int(gfile.stat(path).length)
    return os.path.getsize(path)


@contextmanager
def open_to_read(path: str) -> Iterator[IO[bytes]]:
    """Opens a file for reading its bytes."""
    if is_remote(path):
        with _gfile() as gfile, gfile.GFile(path, "rb") as file:
            yield file
    else:
        with open(path, "rb") as file:
            yield file


def read_bytes(path: str) -> bytes:
    """Returns the content of a file."""
    with open_to_read(path) as file:
        return file.read()


def read_text(path: str) -> str:
    """Returns the content of a file of UTF-8 text."""
    return read_bytes(path).decode("utf-8")


def write_bytes(path: str, content: bytes) -> None:
    """Writes a file into an existing folder, and replaces an existing file."""
    if is_remote(path):
        with _gfile() as gfile, gfile.GFile(path, "wb") as remote:
            remote.write(content)
    else:
        with open(path, "wb") as local:
            local.write(content)


def write_text(path: str, text: str) -> None:
    """Writes a file of UTF-8 text into an existing folder, and replaces an existing file."""
    write_bytes(path, text.encode("utf-8"))


def make_folder(path: str) -> None:
    """Creates a folder and its parents, unless they exist."""
    if is_remote(path):
        with _gfile() as gfile:
            gfile.makedirs(path)
    else:
        os.makedirs(path, exist_ok=True)


def copy_file(source: str, target: str) -> None:
    """Copies a file and its permissions into an existing folder, and replaces an existing file."""
    if is_remote(source) or is_remote(target):
        with _gfile() as gfile:
            gfile.copy(source, target, overwrite=True)
    else:
        shutil.copy(source, target)


def rename(source: str, target: str) -> None:
    """Renames a file or a folder.

    Raises:
      FileExistsError: There is something at `target`.
    """
    if exists(target):
        raise FileExistsError(f"{source} cannot be renamed to {target}, which already exists")
    replace(source, target)


def replace(source: str, target: str) -> None:
    """Renames a file or a folder, and replaces an existing file."""
    if is_remote(source) or is_remote(target):
        with _gfile() as gfile:
            gfile.rename(source, target, overwrite=True)
    else:
        os.replace(source, target)


def remove_file(path: str) -> None:
    """Deletes a file."""
    if is_remote(path):
        with _gfile() as gfile:
            gfile.remove(path)
    else:
        os.remove(path)


def remove_folder(path: str) -> None:
    """Deletes a folder and everything in it."""
    if is_remote(path):
        with _gfile() as gfile:
            gfile.rmtree(path)
    else:
        shutil.rmtree(path)


@contextmanager
def _gfile() -> Iterator[Any]:
    """Yields TensorFlow's file operations, and makes an OSError of their errors."""
    import tensorflow as tf

    try:
        yield tf.io.gfile
    except tf.errors.NotFoundError as error:
        raise FileNotFoundError(error.message) from error
    except tf.errors.OpError as error:
        raise OSError(error.message) from error
