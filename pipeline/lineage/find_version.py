"""Which version of a model is meant: of a run, of a folder of versions, or one version itself."""

import os
from dataclasses import dataclass

from components import files
from components.pusher.labels import labels_of, served_version
from components.pusher.manifest import has_manifest
from components.pusher.versions import WITHDRAWN_PREFIX, is_complete, version_dir, withdrawn_dir
from pipeline.paths import METADATA_FILE, run_paths
from pipeline.runners.read_record import read_record, record_path, recorded_settings
from schemas.errors import InputError

# A version is at RUN/serving/NAME/VERSION, unless `push` settings place it elsewhere.
_LEVELS_BELOW_RUN = 3


SERVED, KEPT, WITHDRAWN = "served", "kept", "withdrawn"


@dataclass(frozen=True)
class VersionFolder:
    """The folder of a version, which servers may or may not see.

    Attributes:
      folder: The folder.
      state: SERVED if it is the version that serves (labelled `stable`, else the newest), WITHDRAWN
        if a rollback has hidden it, KEPT otherwise; None if the labels cannot be read.
      labels: Its labels.
      run_dirs: Directories in which the metadata of its run may be, the most likely first.
      doubt: Why the labels cannot be read; "" if they can.
    """

    folder: str
    state: str | None
    labels: list[str]
    run_dirs: list[str]
    doubt: str = ""


def find_version(model: str) -> VersionFolder:
    """Returns the version that is meant.

    Args:
      model: The folder of a version, also of one that a rollback has hidden; a folder of versions
        or the directory of a run, for the version that serves.

    Raises:
      InputError: There is no such version, or it has no manifest.
    """
    if files.exists(record_path(model)):
        record = read_record(model)
        paths = run_paths(recorded_settings(model, record))
        serving_dir = paths.serving_dir
        if not files.is_folder(serving_dir):
            # The report of a re-index has a directory of its own, in which nothing is served.
            serving_dir = (record.get("paths") or {}).get("serving", serving_dir)
        return _served(serving_dir, [paths.run_dir])
    folder = model.rstrip("/")
    parent, name = os.path.split(folder if files.is_remote(folder) else os.path.abspath(folder))
    if name.isdigit() and not files.exists(folder):
        folder = withdrawn_dir(parent, int(name))
    if is_complete(folder):
        return _version(folder, [])
    if files.is_folder(model):
        return _served(model, [])
    raise InputError(
        f"{model}: no such folder; give the directory of a run, a folder of versions or one version"
    )


def _served(model_dir: str, run_dirs: list[str]) -> VersionFolder:
    version = served_version(model_dir)
    if version is None:
        raise InputError(
            f"{model_dir}: contains no version of a model; expected the directory of a run that "
            "pushed one, a folder of versions or one version"
        )
    return _version(version_dir(model_dir, version), run_dirs)


def _version(folder: str, run_dirs: list[str]) -> VersionFolder:
    if not has_manifest(folder):
        raise InputError(
            f"{folder}: has no manifest, so this version was not published by this pipeline, and "
            "nothing is known about its origin"
        )
    path = folder if files.is_remote(folder) else os.path.abspath(folder)
    model_dir, name = os.path.split(path)
    directories = [*run_dirs, *_run_dirs_above(path)]
    if name.startswith(WITHDRAWN_PREFIX):
        return VersionFolder(folder, WITHDRAWN, [], directories)
    if not name.isdigit():
        return VersionFolder(folder, KEPT, [], directories)
    try:
        is_served = served_version(model_dir) == int(name)
        labels = labels_of(model_dir, int(name))
    except InputError as error:
        # The origin of a version does not depend on its labels.
        return VersionFolder(folder, None, [], directories, str(error))
    return VersionFolder(folder, SERVED if is_served else KEPT, labels, directories)


def _run_dirs_above(path: str) -> list[str]:
    """Returns the folders above a version, nearest first, that have a metadata store."""
    found = []
    for _ in range(_LEVELS_BELOW_RUN):
        path = os.path.dirname(path)
        if files.exists(os.path.join(path, METADATA_FILE)):
            found.append(path)
    return found
