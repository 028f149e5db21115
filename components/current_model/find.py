"""Finds the currently served model in the push destination.

ML Metadata is not used, because it does not record rollbacks.
"""

from components import files
from components.current_model.state import CurrentModelState
from components.pusher.labels import served_version
from components.pusher.manifest import proven_towers_path, read_manifest, statistics_path
from components.pusher.versions import is_complete, list_versions, version_dir
from schemas.errors import InputError


def find_current_model(serving_dir: str, portable_dir: str) -> CurrentModelState:
    """Returns the version that serves, or an empty state if there is no version.

    It is the version with the label `stable`, else the newest. A newest version that this pipeline
    did not publish is an error: a push to the same folder would replace it without a comparison.

    Args:
      serving_dir: Folder of the published ScaNN model versions.
      portable_dir: Folder of their twins, the same versions without a custom op.

    Raises:
      InputError: The served or the newest version has no readable manifest, or the served one is
        missing from `portable_dir`.
    """
    served = served_version(serving_dir)
    if served is None:
        return CurrentModelState()
    # A server that does not read labels serves the newest version.
    read_manifest(version_dir(serving_dir, list_versions(serving_dir)[-1]))
    serving_path = version_dir(serving_dir, served)
    manifest = read_manifest(serving_path)
    portable_path = version_dir(portable_dir, served)
    if not is_complete(portable_path):
        raise InputError(
            f"{serving_path} is served, but its twin {portable_path} is missing; restore the twin, "
            f"or move version {served} out of {serving_dir} to serve the previous version"
        )
    statistics_file = statistics_path(serving_path)
    towers_path = proven_towers_path(portable_path)
    return CurrentModelState(
        version=str(served),
        serving_path=serving_path,
        portable_path=portable_path,
        metrics=manifest.metrics,
        statistics_path=statistics_file if files.exists(statistics_file) else None,
        towers_path=towers_path if is_complete(towers_path) else portable_path,
        train_end_s=manifest.train_end_s,
        split_policy=manifest.split_policy,
        id_rules=manifest.id_rules,
        num_items=manifest.sizes.get("items"),
        num_listed_items=manifest.sizes.get("listed_items"),
    )
