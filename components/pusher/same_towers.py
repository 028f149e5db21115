"""Checks that a re-index replaces only a version with the same towers."""

from components.pusher.labels import labelled_versions, replaced_version
from components.pusher.manifest import read_manifest
from components.pusher.versions import list_versions, version_dir
from schemas.errors import InputError
from schemas.version_labels import STABLE


def check_same_towers(serving_dir: str, version: str, label: str = STABLE) -> None:
    """Checks that a re-index of `version` may be published.

    Args:
      serving_dir: Folder of the versions of the ScaNN model.
      version: The version as which the towers were first pushed.
      label: The label that the re-index would get.

    Raises:
      InputError: The version that would be replaced, that with the label or else the served one, is
        neither `version` nor a re-index of it, or neither is the newest version, which servers that
        read no labels serve, unless it has a label.
    """
    replaced = replaced_version(serving_dir, label)
    if replaced is None:
        return
    newest = list_versions(serving_dir)[-1]
    unlabelled = set() if newest in labelled_versions(serving_dir) else {newest}
    for number in sorted({replaced} | unlabelled):
        folder = version_dir(serving_dir, number)
        if str(number) != version and read_manifest(folder).reindex_of != version:
            raise InputError(
                f"the served version {folder} is neither version {version}, which this run pushed, "
                "nor a re-index of it: publishing would replace another model; re-index the run "
                "that published the served version, or roll back to this one first (`twotower "
                "rollback`)"
            )
