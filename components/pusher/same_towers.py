"""Whether what serves has the towers of a version: a re-index may replace nothing else."""

from components.pusher.manifest import read_manifest
from components.pusher.versions import list_versions, version_dir
from schemas.errors import InputError


def check_descent(serving_dir: str, version: str) -> None:
    """Checks that a re-index of `version` may be published.

    Args:
      serving_dir: Where versions of the ScaNN model are published.
      version: The version that the trained towers were first pushed as.

    Raises:
      InputError: Neither the version serves nor a re-index of it, but another one does.
    """
    versions = list_versions(serving_dir)
    if not versions or str(versions[-1]) == version:
        return
    serving = version_dir(serving_dir, versions[-1])
    if read_manifest(serving).reindex_of != version:
        raise InputError(
            f"{serving} serves, and is neither version {version}, which this run pushed, nor a "
            "re-index of it: publishing would replace another model; re-index the run that made "
            "it, or go back to this one first (`twotower rollback`)"
        )
