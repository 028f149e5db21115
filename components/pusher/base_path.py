"""Sets the paths at which servers find the versions, such as a mount point in a container."""

from components.pusher.clean_up import clean_up
from components.pusher.full_disk import full_disk_is_input_error
from components.pusher.labels import served_version, write_both
from components.pusher.lock import exclusive_lock
from components.pusher.models_config import read_labels, replace_base_path
from schemas.errors import InputError
from schemas.version_labels import STABLE


def set_base_paths(
    serving_dir: str, portable_dir: str, serving_path: str, portable_path: str
) -> list[str]:
    """Sets the base paths in the `models.config` of both folders, where later pushes keep it.

    A folder whose versions have no labels yet gets the file, with the label `stable`.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      portable_dir: Folder of the versions of its twin.
      serving_path: The path of `serving_dir` for a server.
      portable_path: The path of `portable_dir` for a server.

    Returns:
      The paths that were replaced, that of the twin first.

    Raises:
      InputError: There is no version, or a file is not a configuration of this model that this
        pipeline could change.
    """
    # Checked before locking, because the lock creates missing folders.
    if served_version(serving_dir) is None:
        raise InputError(f"{serving_dir} contains no version to serve; run the pipeline first")
    with (
        exclusive_lock(serving_dir, portable_dir),
        full_disk_is_input_error(serving_dir, portable_dir),
    ):
        clean_up(serving_dir, portable_dir)
        served = served_version(serving_dir)
        if served is not None and not read_labels(serving_dir):
            write_both(serving_dir, portable_dir, {STABLE: served})
        replaced = []
        for folder, path in ((portable_dir, portable_path), (serving_dir, serving_path)):
            before = replace_base_path(folder, path)
            if before != path:
                replaced.append(before)
    return replaced
