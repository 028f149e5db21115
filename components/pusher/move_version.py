"""Moves and removes the folder of a version: servers see all of it or nothing.

On a local file system, both begin with one rename. An object store cannot rename a folder, and a
server looks there for `saved_model.pb`. That file is therefore copied last and deleted first. The
manifest is deleted last, so that the rest of an interrupted removal is recognised.
"""

import os
from collections.abc import Iterable

from components import files
from components.pusher import versions as v
from schemas.bundle import MANIFEST_FILE, SAVED_MODEL_FILE


def move_version(source: str, target: str) -> None:
    """Moves a version to another name in the same folder.

    Args:
      source: Folder of the version.
      target: The new folder, which does not exist.

    Raises:
      FileExistsError: There is something at `target`.
    """
    if not files.is_remote(source):
        files.rename(source, target)
        return
    if files.exists(target):
        raise FileExistsError(f"{source} cannot be moved to {target}, which already exists")
    copy_files(source, target, files.files_below(source))
    _delete_files(source)


def remove_versions(folders: Iterable[str]) -> None:
    """Removes versions, which all disappear in the given order before any file is deleted.

    Args:
      folders: Folders of versions, complete or not; those that do not exist are ignored.
    """
    hidden = [_hide(folder) for folder in folders if files.exists(folder)]
    for folder in hidden:
        delete_folder(folder)


def delete_folder(folder: str) -> None:
    """Deletes a folder that servers do not see, or, on an object store, that of a version."""
    if files.is_remote(folder):
        _delete_files(folder)
    else:
        files.remove_folder(folder)


def copy_files(source: str, target: str, paths: Iterable[str]) -> None:
    """Copies files in an order in which servers see the target only when it is complete.

    Args:
      source: The folder to copy from.
      target: The folder to copy to, which is created.
      paths: The files to copy, relative to `source`. The manifest is copied first, and
        `saved_model.pb` last.
    """
    for path in sorted(paths, key=_rank):
        copied = os.path.join(target, path)
        files.make_folder(os.path.dirname(copied))
        files.copy_file(os.path.join(source, path), copied)


def _rank(path: str) -> int:
    """Returns the rank of a file in a copy; a removal takes the opposite order."""
    return {MANIFEST_FILE: 0, SAVED_MODEL_FILE: 2}.get(path, 1)


def _hide(folder: str) -> str:
    """Hides a version from servers and returns the folder in which its files now are."""
    if files.is_remote(folder):
        model = os.path.join(folder, SAVED_MODEL_FILE)
        if files.exists(model):
            files.remove_file(model)
        return folder
    parent, name = os.path.split(folder)
    number = name.removeprefix(v.WITHDRAWN_PREFIX)
    hidden = os.path.join(parent, f"{v.REMOVED_PREFIX}{number}")
    if files.exists(hidden):
        delete_folder(hidden)
    files.rename(folder, hidden)
    return hidden


def _delete_files(folder: str) -> None:
    for path in sorted(files.files_below(folder), key=_rank, reverse=True):
        files.remove_file(os.path.join(folder, path))
    # Some object stores keep an entry for a folder without files.
    if files.exists(folder):
        files.remove_folder(folder)
