"""Where the versions of a model are: the folder of a run, a folder of versions, or one version."""

import os
import re
from dataclasses import dataclass

from components import files
from components.pusher.versions import list_versions, version_dir
from pipeline.paths import run_paths
from pipeline.runners.read_record import read_record, record_path, recorded_settings
from pipeline.serving.labels import read_labels
from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError

_INTEGER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class ModelSource:
    """The versions of a model on disk.

    Attributes:
      name: Name of the model in requests.
      folder: Folder of the versions; or the SavedModel of the only version.
      only_version: The only version, if `folder` is a SavedModel.
    """

    name: str
    folder: str
    only_version: int | None = None

    def versions(self) -> dict[int, str]:
        """Returns the folders of the complete versions, oldest first.

        Raises:
          OSError: The folder cannot be read.
        """
        if self.only_version is not None:
            return {self.only_version: self.folder}
        return {number: version_dir(self.folder, number) for number in list_versions(self.folder)}

    def labels(self) -> dict[str, int]:
        """Returns the version of each label.

        Raises:
          OSError: The file of the labels cannot be read.
          InputError: It is damaged.
        """
        return {} if self.only_version is not None else read_labels(self.folder, self.name)


def find_model(model: str, portable: bool = False) -> ModelSource:
    """Returns the source of a model.

    Args:
      model: Directory of a run, folder of versions, or one version.
      portable: Whether to take the portable twins of a run.

    Raises:
      InputError: There is no such folder, it cannot be read, or it contains no complete version.
    """
    try:
        source = _find(model, portable)
        is_empty = not source.versions()
    except OSError as error:
        raise InputError(f"{model}: cannot be read: {error}") from error
    if is_empty:
        raise InputError(
            f"{source.folder}: contains no complete version; run `twotower run`, or give a folder "
            "of versions such as runs/demo/serving/demo"
        )
    return source


def _find(model: str, portable: bool) -> ModelSource:
    if files.exists(record_path(model)):
        paths = run_paths(recorded_settings(model, read_record(model)))
        return _in_folder(paths.portable_dir if portable else paths.serving_dir)
    if portable:
        raise InputError(
            f"--portable: {model} is not the directory of a run, which has portable twins"
        )
    if not files.is_folder(model):
        raise InputError(
            f"{model}: no such folder; give the directory of a run, a folder of versions or one "
            "version"
        )
    return _in_folder(model)


def _in_folder(folder: str) -> ModelSource:
    path = folder if files.is_remote(folder) else os.path.abspath(folder)
    parent, name = os.path.split(path.rstrip("/"))
    if not files.exists(os.path.join(path, SAVED_MODEL_FILE)):
        return ModelSource(name, path)
    if _INTEGER.fullmatch(name):
        return ModelSource(os.path.basename(parent), path, int(name))
    return ModelSource(name, path, 1)
