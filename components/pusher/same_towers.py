"""Checks that a re-index replaces only a version with the same towers."""

from components.pusher.labels import served_version
from components.pusher.manifest import read_manifest
from components.pusher.versions import version_dir
from schemas.errors import InputError


def check_same_towers(serving_dir: str, version: str) -> None:
    """Checks that a re-index of `version` may be published.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      version: The version as which the towers were first pushed.

    Raises:
      InputError: The served version is neither `version` nor a re-index of it.
    """
    served = served_version(serving_dir)
    if served is None or str(served) == version:
        return
    serving = version_dir(serving_dir, served)
    if read_manifest(serving).reindex_of != version:
        raise InputError(
            f"the served version {serving} is neither version {version}, which this run pushed, "
            "nor a re-index of it: publishing would replace another model; re-index the run that "
            "published the served version, or roll back to this one first (`twotower rollback`)"
        )
